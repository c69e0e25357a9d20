# bcryptprimitives.dll for Wine 8 (x64), which lacks ProcessPrng and cannot delete files as Bun's programs do
# (class 64 of NtSetInformationFile). For tests only. Assembled as written in tools/soak/wine.ts.

        .equ DISPOSITION_EX, 64
        .equ DISPOSITION, 13
        .equ PAGE_EXECUTE_READWRITE, 0x40
        .equ STUB_BYTES, 32

        .text
        .globl ProcessPrng
# rcx: buffer, rdx: size. SystemFunction036 (RtlGenRandom) returns a byte.
ProcessPrng:
        subq    $40, %rsp
        call    *__imp_SystemFunction036(%rip)
        movzbl  %al, %eax
        addq    $40, %rsp
        ret

# rcx: file, rdx: status, r8: data, r9: its size, at 40(%rsp): class.
set_information:
        cmpl    $DISPOSITION_EX, 40(%rsp)
        je      delete
        leaq    stub(%rip), %rax
        jmp     *%rax
delete:
        movl    (%r8), %eax
        subq    $72, %rsp
        andl    $1, %eax
        movb    %al, 56(%rsp)
        leaq    56(%rsp), %r8
        movl    $1, %r9d
        movl    $DISPOSITION, 32(%rsp)
        leaq    stub(%rip), %rax
        call    *%rax
        addq    $72, %rsp
        ret

        .globl DllMain
# edx: reason, 1 when the process loads this library. Moves the start of NtSetInformationFile to `stub`, and puts a
# jump to `set_information` there.
DllMain:
        cmpl    $1, %edx
        jne     loaded
        pushq   %rsi
        pushq   %rdi
        pushq   %rbx
        subq    $48, %rsp
        leaq    library(%rip), %rcx
        call    *__imp_GetModuleHandleA(%rip)
        movq    %rax, %rcx
        leaq    function(%rip), %rdx
        call    *__imp_GetProcAddress(%rip)
        movq    %rax, %rbx
        leaq    stub(%rip), %rcx
        movl    $STUB_BYTES, %edx
        movl    $PAGE_EXECUTE_READWRITE, %r8d
        leaq    40(%rsp), %r9
        call    *__imp_VirtualProtect(%rip)
        movq    %rbx, %rcx
        movl    $STUB_BYTES, %edx
        movl    $PAGE_EXECUTE_READWRITE, %r8d
        leaq    40(%rsp), %r9
        call    *__imp_VirtualProtect(%rip)
        movq    %rbx, %rsi
        leaq    stub(%rip), %rdi
        movl    $STUB_BYTES, %ecx
        rep movsb
        leaq    set_information(%rip), %rax
        movw    $0xb848, (%rbx)         # movabs rax, set_information
        movq    %rax, 2(%rbx)
        movw    $0xe0ff, 10(%rbx)       # jmp rax
        addq    $48, %rsp
        popq    %rbx
        popq    %rdi
        popq    %rsi
loaded:
        movl    $1, %eax
        ret

        .data
        .balign 16
stub:   .fill   STUB_BYTES, 1, 0
library: .asciz "ntdll.dll"
function: .asciz "NtSetInformationFile"
