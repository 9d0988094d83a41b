/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entry.S - every way into the kernel and out of it, all in ring 3.
 *
 * Ways in: a jump from a rewritten system call (syscall_jump_entry), a trapped
 * one bounced by the stub (syscall_trap_entry), exceptions and interrupts
 * through the IDT on IST stacks (vector_entries), page faults through the stub
 * (fault_entry). All build a struct regs at the top of the current thread's
 * kernel stack, or, when they interrupt the kernel, below its stack pointer.
 *
 * The kernel is not preemptible and hardware IF cannot mask in ring 3, so an
 * interrupt that finds kernel code is noted in percpu.irq_noted and returns.
 * The ways out test percpu.work, which the note sets, and then restore the
 * program's registers. An interrupt between that test and the last
 * instruction would be missed until the next entry: it therefore sends the
 * interrupted code back to the test. That works because the restore sequences
 * only load from the frame: running one twice does no harm.
 */
#include "percpu.h"
#include "stub.h"
#include "abi/calls.h"

#define USER_SS 0x2b
#define USER_CS 0x33
#define SYSCALL_MAX (PERCPU_TABLE_LEN / 8)
#define ENOSYS 38

/* A call's arguments, around C code that comes before its handler. */
.macro PUSH_ARGS
    push %rdi
    push %rsi
    push %rdx
    push %r8
    push %r9
    push %r10
.endm
.macro POP_ARGS
    pop %r10
    pop %r9
    pop %r8
    pop %rdx
    pop %rsi
    pop %rdi
.endm
/* What lies below them in struct regs. */
.macro PUSH_REST
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

/*
 * From here on the program's registers are found as RECORDS_EDGE_\kind says,
 * its arguments from word \args on (abi/records.h). Tools read it; a change of
 * what lies where changes its edges.
 */
.macro EDGE kind, args=0
770:
    .pushsection .rodata.entry_edges, "a", @progbits
    .short 770b - syscall_jump_entry
    .byte RECORDS_EDGE_\kind, \args
    .popsection
.endm

.set RECORDS_EDGE_C, 0
.set RECORDS_EDGE_RCX, 1
.set RECORDS_EDGE_R11, 2
.set RECORDS_EDGE_BEGIN, 3
.set RECORDS_EDGE_END, 4
.set RECORDS_EDGE_SAVED, 5
.set RECORDS_EDGE_FLAGS, 6
.set RECORDS_EDGE_REGS, 7
.set RECORDS_EDGE_STUB, 8
.set RECORDS_EDGE_PUSHED, 9
.set RECORDS_EDGE_IRQ, 10
.set RECORDS_EDGE_TRAP, 11
.set RECORDS_EDGE_FAULT, 12
.set RECORDS_EDGE_LAST, 0xffff

.pushsection .rodata.entry_edges, "a", @progbits
.balign 4
.globl entry_edges
.hidden entry_edges
entry_edges:
.popsection

/*
 * How a debugger comes from C code back to the program: call frame information
 * (DWARF 4, 6.4.2) for a call that finds the struct regs \regs bytes above the
 * stack pointer. The escapes are DW_CFA_def_cfa_expression and
 * DW_CFA_expression with DW_OP_breg7, a register's number and an offset. It
 * ends behind the instruction that the call returns to, since debuggers look
 * up that one, as after a signal.
 */
.cfi_sections .debug_frame
.macro CFI_SAVED reg, off
    .cfi_escape 0x10, \reg, 3, 0x77, ((\off) & 0x7f) | 0x80, (\off) >> 7
.endm
.macro CFI_PROGRAM regs
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x77, ((\regs + REGS_RSP) & 0x7f) | 0x80, \
        (\regs + REGS_RSP) >> 7, 0x06
    CFI_SAVED 16, \regs + REGS_RIP
.endm
/* The arguments of a call, lowest on the stack: PUSH_ARGS. */
.macro CFI_ARGS
    CFI_SAVED 10, 0
    CFI_SAVED 9, 8
    CFI_SAVED 8, 16
    CFI_SAVED 1, 24
    CFI_SAVED 4, 32
    CFI_SAVED 5, 40
.endm
.macro CFI_ALL
    CFI_SAVED 15, REGS_R15
    CFI_SAVED 14, REGS_R14
    CFI_SAVED 13, REGS_R13
    CFI_SAVED 12, REGS_R12
    CFI_SAVED 6, REGS_RBP
    CFI_SAVED 3, REGS_RBX
    CFI_SAVED 11, REGS_R11
    CFI_SAVED 10, REGS_R10
    CFI_SAVED 9, REGS_R9
    CFI_SAVED 8, REGS_R8
    CFI_SAVED 0, REGS_RAX
    CFI_SAVED 2, REGS_RCX
    CFI_SAVED 1, REGS_RDX
    CFI_SAVED 4, REGS_RSI
    CFI_SAVED 5, REGS_RDI
.endm

.section .text.hot, "ax", @progbits

/* ---- system calls ---- */

/*
 * From a trampoline: rcx = return address, all other registers the program's.
 * What the table holds preserves every register but rax, rcx and r11, so little
 * is saved here (SYSCALL_ABI, syscall.h). The flags lie in the word below
 * the frame. The slow path completes the frame.
 */
.globl syscall_jump_entry
.hidden syscall_jump_entry
.balign 64
syscall_jump_entry:
    EDGE RCX
    mov %rsp, %r11
    mov %gs:PERCPU_REGS, %rsp
    EDGE R11
    pushfq
    mov %r11, 8+REGS_RSP(%rsp)
    mov %rcx, 8+REGS_RIP(%rsp)
    mov %rax, 8+REGS_ORIG(%rsp)
    EDGE BEGIN
    cld
dispatch:
    decl 8+REGS_LEN(%rsp) /* arch_sample_after() */
    js sample_begin
dispatch_counted:
    mov %r10, %rcx
    cmp $SYSCALL_MAX, %rax
    jae no_such_call
    CFI_PROGRAM 8
    call *%gs:PERCPU_TABLE(,%rax,8)
syscall_exit:
    EDGE END
exit_restart:
    cmpl $0, %gs:PERCPU_WORK
    .cfi_endproc
    jne exit_slow
exit_popf:
    popfq
    EDGE FLAGS
    mov REGS_RIP(%rsp), %rcx
    mov REGS_RSP(%rsp), %rsp
exit_jump:
    EDGE RCX
    jmp *%rcx

sample_begin: /* rcx and r11 are free in a call */
    EDGE BEGIN
    push %rax
    PUSH_ARGS
    call cputime_sample_begin
    EDGE BEGIN, 3
    POP_ARGS
    pop %rax
    jmp dispatch_counted

no_such_call:
    EDGE BEGIN
    mov $-ENOSYS, %rax
    jmp syscall_exit

/* r11 = the call's number, its handler an ordinary function. Leaves the
 * arguments on the stack. */
.macro CALL_ORDINARY
    PUSH_ARGS
    mov %r10, %rcx
    lea syscall_handlers(%rip), %rax
    CFI_PROGRAM 56
    CFI_ARGS
    call *(%rax,%r11,8)
    EDGE END, 2
.endm

/*
 * What the table holds for calls that want the kernel lock (lock.h): rax = the
 * call's number. The handler is an ordinary function, so that the arguments are
 * saved here; rcx and r11 a call may change. It may sleep, and come back on
 * another CPU, which has the lock then.
 */
.globl syscall_locked
.hidden syscall_locked
syscall_locked:
    EDGE BEGIN
    add $8, %rsp
    mov %rax, %r11
    xor %eax, %eax
    mov %gs:PERCPU_NUMBER, %ecx
    lock cmpxchg %ecx, kernel_lock(%rip)
    jne syscall_lock_wait
syscall_lock_taken:
    CALL_ORDINARY
    POP_ARGS
    .cfi_endproc
    movl $0, kernel_lock(%rip)
    jmp syscall_exit

syscall_lock_wait:
    EDGE BEGIN
    PUSH_ARGS
    push %r11
    call trap_lock_wait
    EDGE BEGIN, 2
    pop %r11
    POP_ARGS
    jmp syscall_lock_taken

/* The same for calls that do not want the lock. */
.globl syscall_unlocked
.hidden syscall_unlocked
syscall_unlocked:
    EDGE BEGIN
    add $8, %rsp
    mov %rax, %r11
    CALL_ORDINARY
    POP_ARGS
    .cfi_endproc
    jmp syscall_exit

/* The program's registers, all but rax, into the frame at \base. */
.macro SAVE_REGS base
    mov %r15, \base+REGS_R15(%rsp)
    mov %r14, \base+REGS_R14(%rsp)
    mov %r13, \base+REGS_R13(%rsp)
    mov %r12, \base+REGS_R12(%rsp)
    mov %rbp, \base+REGS_RBP(%rsp)
    mov %rbx, \base+REGS_RBX(%rsp)
    mov %r10, \base+REGS_R10(%rsp)
    mov %r9, \base+REGS_R9(%rsp)
    mov %r8, \base+REGS_R8(%rsp)
    mov %rdx, \base+REGS_RDX(%rsp)
    mov %rsi, \base+REGS_RSI(%rsp)
    mov %rdi, \base+REGS_RDI(%rsp)
    movq $USER_CS, \base+REGS_CS(%rsp)
    movq $USER_SS, \base+REGS_SS(%rsp)
    mov \base+REGS_RIP(%rsp), %rax /* as `syscall` leaves them */
    mov %rax, \base+REGS_RCX(%rsp)
    mov \base+REGS_RFLAGS(%rsp), %rax
    mov %rax, \base+REGS_R11(%rsp)
.endm

/* All from the struct regs at rsp; leaves rsp at iretq's frame. */
.macro LOAD_REGS
    mov REGS_R15(%rsp), %r15
    mov REGS_R14(%rsp), %r14
    mov REGS_R13(%rsp), %r13
    mov REGS_R12(%rsp), %r12
    mov REGS_RBP(%rsp), %rbp
    mov REGS_RBX(%rsp), %rbx
    mov REGS_R11(%rsp), %r11
    mov REGS_R10(%rsp), %r10
    mov REGS_R9(%rsp), %r9
    mov REGS_R8(%rsp), %r8
    mov REGS_RAX(%rsp), %rax
    mov REGS_RCX(%rsp), %rcx
    mov REGS_RDX(%rsp), %rdx
    mov REGS_RSI(%rsp), %rsi
    mov REGS_RDI(%rsp), %rdi
    add $REGS_RIP, %rsp
.endm

/*
 * The same, for a call that a tool watches (syscall/trace.h). The stack is as
 * syscall_regs wants it when the handler is called.
 */
.globl syscall_traced
.hidden syscall_traced
syscall_traced:
    EDGE BEGIN
    add $8, %rsp
    PUSH_ARGS
    push %rax
    xor %eax, %eax
    mov %gs:PERCPU_NUMBER, %ecx
    lock cmpxchg %ecx, kernel_lock(%rip)
    je traced_lock_taken
    call trap_lock_wait
traced_lock_taken:
    EDGE BEGIN, 2
    lea 8(%rsp), %rdi
    call trace_begin
    pop %r11
    POP_ARGS
    CALL_ORDINARY
    mov %rsp, %rdi
    .cfi_endproc
    mov %rax, %rsi
    push %rax
    call trace_end
    EDGE SAVED, 2
    pop %rax
    EDGE END, 2
    POP_ARGS
    movl $0, kernel_lock(%rip)
    jmp syscall_exit

/* Work is pending, or all registers must be loaded. rax = the result. If it is
 * only that another thread is to run, that saves what it uses. */
exit_slow:
    EDGE END
    cmpl $WORK_RESCHED, %gs:PERCPU_WORK
    jne exit_save
    push %rax
    PUSH_ARGS
    call thread_preempt
    EDGE SAVED, 3
    POP_ARGS
    pop %rax
    jmp exit_restart
exit_save:
    EDGE END
    testl $WORK_FULL, %gs:PERCPU_WORK
    jnz exit_frame_complete
    popq REGS_RFLAGS(%rsp) /* from the word below the frame */
    mov %rax, REGS_RAX(%rsp)
    SAVE_REGS 0
    EDGE REGS
    jmp exit_full_work
exit_frame_complete: /* flags included: sigreturn brings its own */
    add $8, %rsp
    mov %rax, REGS_RAX(%rsp)
exit_full_work:
    andl $~WORK_FULL, %gs:PERCPU_WORK
    mov %rsp, %rdi
    CFI_PROGRAM 0
    CFI_ALL
    call trap_exit_work

/* Load everything from the struct regs at rsp. The flags may still be those of
 * a program's call, and iretq refuses NT. */
.globl exit_full
.hidden exit_full
exit_full:
    pushq $2
    .cfi_endproc
    popfq
exit_full_restart:
    cmpl $0, %gs:PERCPU_WORK
    jne exit_full_work
    LOAD_REGS
exit_iret:
    iretq

/* Calls declared SYSCALL_REGS, from syscall_locked: complete the frame, then
 * jump to the handler. Above: return address, arguments, flags, frame. */
#define SAVED_LEN 56
.globl syscall_regs
.hidden syscall_regs
syscall_regs:
    EDGE BEGIN, 2
    mov SAVED_LEN(%rsp), %rax
    mov %rax, SAVED_LEN+8+REGS_RFLAGS(%rsp)
    SAVE_REGS SAVED_LEN+8
    lea syscall_offsets(%rip), %r11
    mov SAVED_LEN+8+REGS_ORIG(%rsp), %rax
    movslq (%r11,%rax,4), %rax
    lea -CALL_REGS(%r11,%rax), %r11
    jmp *%r11

/* From the stub: rcx is in the stub's data, r11 = flags. */
.globl syscall_trap_entry
.hidden syscall_trap_entry
syscall_trap_entry:
    EDGE STUB
    mov %rsp, %gs:PERCPU_SCRATCH
    EDGE PUSHED
    mov %gs:PERCPU_KSTACK_TOP, %rsp
    push $USER_SS
    push %gs:PERCPU_SCRATCH
    push %r11
    push $USER_CS
    mov %gs:PERCPU_STUB_DATA, %rcx
    push (%rcx)
    push %rax
    push %rdi
    push %rsi
    push %rdx
    push (%rcx)
    push %rax
    push %r8
    push %r9
    push %r10
    PUSH_REST
    EDGE REGS
    cld
    mov %rsp, %rdi
    call trap_syscall
    mov REGS_R10(%rsp), %r10
    mov REGS_R9(%rsp), %r9
    mov REGS_R8(%rsp), %r8
    mov REGS_RDX(%rsp), %rdx
    mov REGS_RSI(%rsp), %rsi
    mov REGS_RDI(%rsp), %rdi
    mov REGS_ORIG(%rsp), %rax
    push REGS_RFLAGS(%rsp)
    EDGE BEGIN
    jmp dispatch

/* ---- exceptions and interrupts ---- */

.globl vector_entries
.hidden vector_entries
.balign 16
vector_entries:
    EDGE TRAP
.set n, 0
.rept 64
    .balign 16
    .if n == 32
        EDGE IRQ
    .endif
    .if n >= 32
        push $n
        .if n == 47
            jmp spurious
        .else
            jmp interrupt
        .endif
    .else
        /* the CPU pushes an error code for 8, 10-14, 17, 21, 29, 30 */
        .if !(n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21 || \
              n == 29 || n == 30)
            push $0
        .endif
        push $n
        jmp exception
    .endif
    .set n, n + 1
.endr

/*
 * jump to \to_kernel unless the address in rax lies in the program.
 * Changes rcx and the flags. The stub counts as kernel: a host may run parts
 * of it in ring 3.
 */
.macro IF_KERNEL to_kernel
    lea kernel_base(%rip), %rcx
    cmp %rcx, %rax
    jb 771f
    lea __text_end(%rip), %rcx
    cmp %rcx, %rax
    jb \to_kernel
771:
    mov %gs:PERCPU_STUB_DATA, %rcx
    sub %rax, %rcx
    dec %rcx
    cmp $0x1000, %rcx
    jb \to_kernel
.endm

/*
 * Build struct regs below rax from the IST frame at rsp:
 *   [rcx][rax][extra words: \skip bytes in all][rip][cs][rflags][rsp][ss]
 * Leaves rax = the regs, and the IST stack in use. Changes rcx.
 */
.macro BUILD_REGS skip
    sub $REGS_LEN, %rax
    mov %r15, REGS_R15(%rax)
    mov %r14, REGS_R14(%rax)
    mov %r13, REGS_R13(%rax)
    mov %r12, REGS_R12(%rax)
    mov %rbp, REGS_RBP(%rax)
    mov %rbx, REGS_RBX(%rax)
    mov %r11, REGS_R11(%rax)
    mov %r10, REGS_R10(%rax)
    mov %r9, REGS_R9(%rax)
    mov %r8, REGS_R8(%rax)
    mov %rdx, REGS_RDX(%rax)
    mov %rsi, REGS_RSI(%rax)
    mov %rdi, REGS_RDI(%rax)
    movq $-1, REGS_ORIG(%rax)
    mov 8(%rsp), %rcx
    mov %rcx, REGS_RAX(%rax)
    mov (%rsp), %rcx
    mov %rcx, REGS_RCX(%rax)
    mov \skip(%rsp), %rcx
    mov %rcx, REGS_RIP(%rax)
    mov \skip+8(%rsp), %rcx
    mov %rcx, REGS_CS(%rax)
    mov \skip+16(%rsp), %rcx
    mov %rcx, REGS_RFLAGS(%rax)
    mov \skip+24(%rsp), %rcx
    mov %rcx, REGS_RSP(%rax)
    movq $USER_SS, REGS_SS(%rax)
.endm

/* Delivery through an IST may leave SS null, which iretq refuses. */
.macro LOAD_SS
    mov $USER_SS, %eax
    mov %eax, %ss
.endm

/*
 * handler(regs, first word, error) with the regs on the thread's kernel stack,
 * or below the kernel code that was interrupted. On the IST stack:
 *   [rcx][rax][vector or cr2][error][rip][cs][rflags][rsp][ss]
 */
.macro CALL_HANDLER handler
    LOAD_SS
    mov 32(%rsp), %rax
    IF_KERNEL 772f
    mov %gs:PERCPU_KSTACK_TOP, %rax
    jmp 773f
772:
    mov 56(%rsp), %rax
    and $-16, %rax
773:
    BUILD_REGS 32
    mov 16(%rsp), %rsi
    mov 24(%rsp), %rdx
    mov %rax, %rdi
    mov %rax, %rsp
    EDGE REGS
    pushq $2 /* no DF, no AC: not even in the handler of the latter */
    popfq
    CFI_PROGRAM 0
    CFI_ALL
    call \handler
.endm

/* A program that steps itself got into a call, perhaps with its own stack
 * pointer still: step no further, on this stack. */
step:
    EDGE TRAP
    mov 32(%rsp), %rax
    IF_KERNEL 1f
    jmp step_in_program
1:  cmpl $0, 68+debug_control(%rip) /* a debugger steps in the kernel, which */
    je 2f                           /* has its own stack then */
    mov %gs:PERCPU_KSTACK_TOP, %rax
    sub 56(%rsp), %rax
    cmp $16384, %rax
    jb step_in_program
2:  LOAD_SS
    andl $~0x100, 48(%rsp)
    orl $WORK_TODO, %gs:PERCPU_WORK /* or the kernel wrote to what a debugger */
    movl $1, 4+debug_control(%rip)  /* watches: debug.h */
    movq $USER_SS, 64(%rsp)
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

exception: /* [vector][error][rip][cs][rflags][rsp][ss] */
    EDGE TRAP
    push %rax
    push %rcx
    cmpq $1, 16(%rsp)
    je step
step_in_program:
    CALL_HANDLER trap_exception
    jmp exit_exception
    .cfi_endproc

.globl fault_entry
.hidden fault_entry
fault_entry: /* [error][rip][cs][rflags][rsp][ss], rax = cr2 */
    EDGE FAULT
    push %rax
    mov %gs:PERCPU_STUB_DATA, %rax
    mov 72(%rax), %rax /* the interrupted code's: stub.S */
    push %rax
    push %rcx
    CALL_HANDLER trap_page_fault
exit_exception: /* eax: 0 to the program, 1 back to kernel code */
    test %eax, %eax
    .cfi_endproc
    jz exit_full
    LOAD_REGS
    iretq

interrupt: /* [vector][rip][cs][rflags][rsp][ss] */
    EDGE IRQ
    push %rax
    push %rcx
    LOAD_SS
    mov 16(%rsp), %ecx
    sub $0x20, %ecx
    btsl %ecx, %gs:PERCPU_IRQ_NOTED
    orl $WORK_TODO, %gs:PERCPU_WORK
    mov 24(%rsp), %rax
    IF_KERNEL interrupt_in_kernel
interrupt_in_program:
    mov %gs:PERCPU_KSTACK_TOP, %rax
    BUILD_REGS 24
    mov %rax, %rsp
    EDGE REGS
    cld
    jmp exit_full_work

/* Other CPUs may wait for this one, whatever the kernel is doing here. */
interrupt_attend:
    EDGE IRQ
    PUSH_ARGS
    PUSH_REST
    mov %rsp, %rdi /* struct interrupted */
    sub $8, %rsp
    cld
    call trap_attend
    add $8+6*8, %rsp
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdx
    pop %rsi
    pop %rdi
    mov 24(%rsp), %rax
    jmp interrupt_attended

interrupt_in_kernel:
    cmpl $0, %gs:PERCPU_ASKED
    jne interrupt_attend
interrupt_attended:
    lea exit_restart(%rip), %rcx
    sub %rcx, %rax
    cmp $(exit_popf - exit_restart), %rax
    jbe restart
    cmp $(exit_jump - exit_restart), %rax
    jb interrupt_after_popf
    je interrupt_at_jump
    cmp $(exit_full_restart - exit_restart), %rax
    jb interrupt_done
    lea exit_full_restart(%rip), %rcx
    cmp $(exit_iret - exit_restart), %rax
    jb restart
    je interrupt_at_iret
    lea idle_restart(%rip), %rcx
    mov 24(%rsp), %rax
    sub %rcx, %rax
    cmp $(idle_end - idle_restart), %rax
    jae interrupt_done
restart:
    mov %rcx, 24(%rsp)
interrupt_done:
    movq $USER_SS, 56(%rsp)
    pop %rcx
    pop %rax
    add $8, %rsp
    iretq

/* All registers are the program's already, and rcx is where it goes. */
interrupt_at_jump:
    mov (%rsp), %rcx
    mov %rcx, 24(%rsp)
    jmp interrupt_in_program

/* The flags are still there: pop them again. Until then none of the program's:
 * the slow way out calls C code, which wants DF clear. */
interrupt_after_popf:
    subq $8, 48(%rsp)
    movq $0x202, 40(%rsp)
    jmp restart

interrupt_at_iret:
    subq $REGS_RIP, 48(%rsp)
    jmp restart

spurious:
    movq $USER_SS, 40(%rsp)
    add $8, %rsp
    iretq

/* ---- idle on a PC: the gate's halt ---- */

.globl idle_halt
.hidden idle_halt
idle_halt:
    EDGE C
idle_restart:
    cmpl $0, %gs:PERCPU_IRQ_NOTED
    jne 1f
    mov $STUB_MAGIC + STUB_HALT, %r11d
    int3
idle_end:
    xor %r11d, %r11d
1:  ret

/* ---- threads ---- */

/* void switch_stacks(uint64_t *save_sp, uint64_t load_sp) */
.globl switch_stacks
.hidden switch_stacks
switch_stacks:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

/* A new thread's first instructions: its regs lie at rsp. */
.globl thread_entry
.hidden thread_entry
thread_entry:
    call thread_begin
    EDGE REGS
    jmp exit_full

/* void enter_program(struct regs *regs): regs lie at the top of the kernel
 * stack. */
.globl enter_program
.hidden enter_program
enter_program:
    EDGE C
    mov %rdi, %rsp
    EDGE REGS
    xor %ebp, %ebp
    jmp exit_full
    EDGE C

.section .rodata.entry_edges, "a", @progbits
    .short RECORDS_EDGE_LAST, 0
