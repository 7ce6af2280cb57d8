; Square root, exactly rounded, one bit of the root a round. (The archive's has a table with an absolute address.)

define FLOAT @SQRT(FLOAT %x) #0 section ".text.SQRT" {
entry:
  %bits = bitcast FLOAT %x to INT
  %magnitude = and INT %bits, MAGNITUDE
  %zero = icmp eq INT %magnitude, 0
  %infinite = icmp eq INT %bits, INFINITY
  %itself = or i1 %zero, %infinite
  br i1 %itself, label %same, label %sign
same:
  ret FLOAT %x
sign:
  ; what is negative or NaN has no root
  %positive = icmp ult INT %bits, INFINITY
  br i1 %positive, label %finite, label %none
none:
  ret FLOAT QUIET_NAN
finite:
  ; mantissa * 2^exponent: the leading one at bit DIGITS
  %leading = call INT @llvm.ctlz.INT(INT %bits, i1 true)
  %short = sub INT %leading, SIGN_AND_EXPONENT
  %subnormal = icmp sgt INT %short, 0
  %moved = shl INT %bits, %short
  %fraction = and INT %bits, FRACTION
  %whole = or INT %fraction, UNIT
  %mantissa = select i1 %subnormal, INT %moved, INT %whole
  %stored = lshr INT %bits, DIGITS
  %below = sub INT 1, %short
  %biased = select i1 %subnormal, INT %below, INT %stored
  %exponent = sub INT %biased, BIAS
  ; the exponent made even, and one bit more for rounding
  %odd = and INT %exponent, 1
  %left = add INT %odd, 1
  %start = shl INT %mantissa, %left
  %half = ashr INT %exponent, 1
  br label %digit
digit:
  %rest = phi INT [ %start, %finite ], [ %rest.next, %digit ]
  %twice = phi INT [ 0, %finite ], [ %twice.next, %digit ]
  %root = phi INT [ 0, %finite ], [ %root.next, %digit ]
  %bit = phi INT [ TWO_UNITS, %finite ], [ %bit.next, %digit ]
  %trial = add INT %twice, %bit
  %fits = icmp ule INT %trial, %rest
  %less = sub INT %rest, %trial
  %kept = select i1 %fits, INT %less, INT %rest
  %rest.next = shl INT %kept, 1
  %twice.more = add INT %trial, %bit
  %twice.next = select i1 %fits, INT %twice.more, INT %twice
  %root.more = add INT %root, %bit
  %root.next = select i1 %fits, INT %root.more, INT %root
  %bit.next = lshr INT %bit, 1
  %more = icmp ne INT %bit.next, 0
  br i1 %more, label %digit, label %rounded
rounded:
  %exact = icmp eq INT %rest.next, 0
  %last = and INT %root.next, 1
  %up = select i1 %exact, INT 0, INT %last
  %sum = add INT %root.next, %up
  %significand = lshr INT %sum, 1
  ; the leading one adds one to the exponent
  %scale = add INT %half, BIAS_LESS_ONE
  %high = shl INT %scale, DIGITS
  %joined = add INT %significand, %high
  %result = bitcast INT %joined to FLOAT
  ret FLOAT %result
}

declare INT @llvm.ctlz.INT(INT, i1)
