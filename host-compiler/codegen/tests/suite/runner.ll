; Runs the kernels of a memory image on a bare Cortex-M, then writes the image to the host's file `memory` by
; semihosting. Capitals are filled in by cortex_m.rs, which describes the image.

; Calls every kernel of the table on a painted stack and notes how much of it the call took. Every exception comes here
; too: then what there is goes to the host, where PROGRESS names the call.
define void @reset() {
start:
  %exception = call i32 asm sideeffect "mrs $0, ipsr", "=r"()
  %fault = icmp ne i32 %exception, 0
  br i1 %fault, label %done, label %entry
entry:
  FLOATING_POINT
  call void asm sideeffect "dsb\0Aisb", "~{memory}"()
  %count = load i32, ptr inttoptr (i32 COUNT to ptr)
  br label %next
next:
  %k = phi i32 [ 0, %entry ], [ %k.next, %measured ]
  store volatile i32 %k, ptr inttoptr (i32 PROGRESS to ptr)
  %more = icmp ult i32 %k, %count
  br i1 %more, label %one, label %done
one:
  %call = getelementptr [6 x i32], ptr inttoptr (i32 TABLE to ptr), i32 %k
  %entry.at = load i32, ptr %call
  %kernel = inttoptr i32 %entry.at to ptr
  %arguments.at = getelementptr i32, ptr %call, i32 1
  %arguments = load ptr, ptr %arguments.at
  %workspace.at = getelementptr i32, ptr %call, i32 2
  %workspace = load ptr, ptr %workspace.at
  %begin.at = getelementptr i32, ptr %call, i32 3
  %begin = load i32, ptr %begin.at
  %end.at = getelementptr i32, ptr %call, i32 4
  %end = load i32, ptr %end.at
  %top = call i32 asm sideeffect "mov $0, sp", "=r"()
  br label %paint
paint:
  %p = phi i32 [ STACK, %one ], [ %p.next, %paint ]
  %p.to = inttoptr i32 %p to ptr
  store volatile i32 u0xC3C3C3C3, ptr %p.to
  %p.next = add i32 %p, 4
  %unpainted = icmp ult i32 %p.next, %top
  br i1 %unpainted, label %paint, label %run
run:
  call void %kernel(ptr %arguments, ptr %workspace, i32 %begin, i32 %end)
  br label %scan
scan:
  %s = phi i32 [ STACK, %run ], [ %s.next, %scan ]
  %s.from = inttoptr i32 %s to ptr
  %word = load volatile i32, ptr %s.from
  %s.next = add i32 %s, 4
  %untouched = icmp eq i32 %word, u0xC3C3C3C3
  %below = icmp ult i32 %s.next, %top
  %on = and i1 %untouched, %below
  br i1 %on, label %scan, label %measured
measured:
  %taken = sub i32 %top, %s
  %used = select i1 %untouched, i32 0, i32 %taken
  %used.at = getelementptr i32, ptr %call, i32 5
  store volatile i32 %used, ptr %used.at
  %k.next = add i32 %k, 1
  br label %next
done:
  call void @finish()
  ret void
}

define internal void @finish() noinline {
  %block = alloca [3 x i32]
  %second = getelementptr i32, ptr %block, i32 1
  %third = getelementptr i32, ptr %block, i32 2
  store volatile i32 NAME, ptr %block
  store volatile i32 5, ptr %second
  store volatile i32 6, ptr %third
  %file = call i32 @semihosting(i32 1, ptr %block)
  store volatile i32 %file, ptr %block
  store volatile i32 PROGRESS, ptr %second
  store volatile i32 BYTES, ptr %third
  %left = call i32 @semihosting(i32 5, ptr %block)
  %closed = call i32 @semihosting(i32 2, ptr %block)
  %ended = call i32 @semihosting(i32 24, ptr inttoptr (i32 u0x20026 to ptr))
  ret void
}

define internal i32 @semihosting(i32 %operation, ptr %parameter) noinline {
  %result = call i32 asm sideeffect "bkpt 0xab", "={r0},{r0},{r1},~{memory}"(i32 %operation, ptr %parameter)
  ret i32 %result
}
