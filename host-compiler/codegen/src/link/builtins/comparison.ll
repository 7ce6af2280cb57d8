; Comparisons of floats by the Arm run-time ABI: 1 where NAME holds, 0 where it does not or an operand is NaN.
;
; The bits of a float as an integer, those of negative ones turned over, are in the order of the floats.

define i32 @__aeabi_LETTERcmpNAME(INT %a, INT %b) #0 section ".text.__aeabi_LETTERcmpNAME" {
  %a.magnitude = and INT %a, MAGNITUDE
  %b.magnitude = and INT %b, MAGNITUDE
  %a.number = icmp ule INT %a.magnitude, INFINITY
  %b.number = icmp ule INT %b.magnitude, INFINITY
  %numbers = and i1 %a.number, %b.number
  %a.negative = icmp slt INT %a, 0
  %b.negative = icmp slt INT %b, 0
  %a.turned = sub INT 0, %a.magnitude
  %b.turned = sub INT 0, %b.magnitude
  %a.key = select i1 %a.negative, INT %a.turned, INT %a
  %b.key = select i1 %b.negative, INT %b.turned, INT %b
  %holds = icmp PREDICATE INT %a.key, %b.key
  %result = and i1 %numbers, %holds
  %wide = zext i1 %result to i32
  ret i32 %wide
}
