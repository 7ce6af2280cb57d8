; Byte loops; `no-builtins` keeps LLVM from making them call themselves.

define ptr @memset(ptr %to, i32 %value, i64 %n) #0 section ".text.memset" {
entry:
  %byte = trunc i32 %value to i8
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %p
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret ptr %to
}

define ptr @memcpy(ptr %to, ptr %from, i64 %n) #0 section ".text.memcpy" {
entry:
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %from, i64 %i
  %q = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %p
  store i8 %byte, ptr %q
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret ptr %to
}

define ptr @memmove(ptr %to, ptr %from, i64 %n) #0 section ".text.memmove" {
entry:
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %which
which:
  %up = icmp ult ptr %to, %from
  br i1 %up, label %forward, label %backward
forward:
  %i = phi i64 [ 0, %which ], [ %next, %forward ]
  %p = getelementptr i8, ptr %from, i64 %i
  %q = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %p
  store i8 %byte, ptr %q
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %forward, label %done
backward:
  %j = phi i64 [ %n, %which ], [ %k, %backward ]
  %k = sub i64 %j, 1
  %s = getelementptr i8, ptr %from, i64 %k
  %t = getelementptr i8, ptr %to, i64 %k
  %octet = load i8, ptr %s
  store i8 %octet, ptr %t
  %left = icmp ugt i64 %k, 0
  br i1 %left, label %backward, label %done
done:
  ret ptr %to
}
