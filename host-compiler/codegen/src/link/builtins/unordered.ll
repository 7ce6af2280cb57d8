; Whether a float is NaN, by the Arm run-time ABI: 1 where one of two is.

define i32 @__aeabi_LETTERcmpun(INT %a, INT %b) #0 section ".text.__aeabi_LETTERcmpun" {
  %a.magnitude = and INT %a, MAGNITUDE
  %b.magnitude = and INT %b, MAGNITUDE
  %a.nan = icmp ugt INT %a.magnitude, INFINITY
  %b.nan = icmp ugt INT %b.magnitude, INFINITY
  %result = or i1 %a.nan, %b.nan
  %wide = zext i1 %result to i32
  ret i32 %wide
}
