using System.Buffers.Binary;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Linux;

/// <summary>The machine code of a signal handler. It notes a fault, reports an access to a guarded block, and jumps to the next handler.</summary>
/// <remarks>
/// <para>In C the code would be <c>void handler(int signal, siginfo_t *info, ucontext_t *context)</c>, with</para>
/// <code>
/// if (info->si_addr >= 65536)
/// {
///     place[0] = info->si_addr; place[1] = error code; place[2] = program counter; place[3] = signal;
///     for (each table of line) for (each record of the table)
///         if (record->state != 0 &amp;&amp; info->si_addr - record->range_start &lt; record->range_byte_count)
///         {
///             if (exchange(&amp;line->is_written, 1) == 0)
///             {
///                 put(line->begin); put(record->allocated_at);
///                 if (record->state == 2) { put(line->freed); put(record->freed_at); }
///                 put(line->end);
///             }
///             goto done;
///         }
/// }
/// done: next(signal, info, context);
/// </code>
/// <para>The last call is a jump, so the next handler finds stack and arguments as the kernel left them. The code uses only registers
/// that a called function may change. <c>put</c> counts the bytes of a text, and calls the kernel's <c>write</c> for the error stream (2).
/// The code calls neither the C library nor the runtime, so no lock can be held.</para>
/// <para>The kernel's layouts. <c>siginfo_t</c>: <c>si_addr</c> is at 16 on both processors. <c>ucontext_t</c> begins with flags (8), link (8)
/// and stack (24). On x64, <c>gregs</c> follows at 40, 8 bytes each: number 16 is RIP, at 168; number 19 is the error code of the page
/// fault, at 192. On Arm64, the signal mask follows with 128 bytes; then, aligned to 16, <c>sigcontext</c> at 176: fault address (8),
/// 31 registers (248), SP (8), and PC at 440. Records are those of <see cref="FaultLine"/>.</para>
/// <para>Some systems check indirect jumps and calls: the first instruction of each handler marks it as an allowed target.</para>
/// </remarks>
internal static class LinuxFaultCode
{
    /// <summary>The code for x64, with the addresses of the note's four words, of the <see cref="FaultLine"/>, and of the next handler.</summary>
    public static byte[] X64(ulong place, ulong line, ulong next) =>
    [
        0xF3, 0x0F, 0x1E, 0xFA,                             //   0           endbr64
        0x48, 0x8B, 0x4E, 0x10,                             //   4           mov rcx,[rsi+16]
        0x48, 0x81, 0xF9, 0x00, 0x00, 0x01, 0x00,           //   8           cmp rcx,65536
        0x0F, 0x82, 0xBE, 0x00, 0x00, 0x00,                 //  15           jb DONE
        0x48, 0xB8, .. Bytes(place),                        //  21           mov rax,place
        0x48, 0x89, 0x08,                                   //  31           mov [rax],rcx
        0x4C, 0x8B, 0x8A, 0xC0, 0x00, 0x00, 0x00,           //  34           mov r9,[rdx+192]
        0x4C, 0x89, 0x48, 0x08,                             //  41           mov [rax+8],r9
        0x4C, 0x8B, 0x8A, 0xA8, 0x00, 0x00, 0x00,           //  45           mov r9,[rdx+168]
        0x4C, 0x89, 0x48, 0x10,                             //  52           mov [rax+16],r9
        0x4C, 0x63, 0xCF,                                   //  56           movsxd r9,edi
        0x4C, 0x89, 0x48, 0x18,                             //  59           mov [rax+24],r9
        0x49, 0xB8, .. Bytes(line),                         //  63           mov r8,line
        0x4D, 0x8D, 0x48, 0x08,                             //  73           lea r9,[r8+8]
        0x4D, 0x8B, 0x11,                                   //  77 T:        mov r10,[r9]
        0x4D, 0x8B, 0x59, 0x08,                             //  80           mov r11,[r9+8]
        0x4D, 0x85, 0xDB,                                   //  84 L:        test r11,r11
        0x74, 0x1F,                                         //  87           jz NEXT
        0x41, 0x83, 0x3A, 0x00,                             //  89           cmp dword [r10],0
        0x74, 0x0D,                                         //  93           je SKIP
        0x48, 0x89, 0xC8,                                   //  95           mov rax,rcx
        0x49, 0x2B, 0x42, 0x18,                             //  98           sub rax,[r10+24]
        0x49, 0x3B, 0x42, 0x20,                             // 102           cmp rax,[r10+32]
        0x72, 0x1B,                                         // 106           jb FOUND
        0x49, 0x81, 0xC2, 0x30, 0x01, 0x00, 0x00,           // 108 SKIP:     add r10,304
        0x49, 0xFF, 0xCB,                                   // 115           dec r11
        0xEB, 0xDC,                                         // 118           jmp L
        0x49, 0x83, 0xC1, 0x10,                             // 120 NEXT:     add r9,16
        0x49, 0x8D, 0x40, 0x28,                             // 124           lea rax,[r8+40]
        0x49, 0x39, 0xC1,                                   // 128           cmp r9,rax
        0x72, 0xC8,                                         // 131           jb T
        0xEB, 0x4C,                                         // 133           jmp DONE
        0xB8, 0x01, 0x00, 0x00, 0x00,                       // 135 FOUND:    mov eax,1
        0x49, 0x87, 0x00,                                   // 140           xchg [r8],rax
        0x48, 0x85, 0xC0,                                   // 143           test rax,rax
        0x75, 0x3F,                                         // 146           jnz DONE
        0x57,                                               // 148           push rdi
        0x56,                                               // 149           push rsi
        0x52,                                               // 150           push rdx
        0x49, 0x8B, 0x70, 0x28,                             // 151           mov rsi,[r8+40]
        0xE8, 0x3F, 0x00, 0x00, 0x00,                       // 155           call PUT
        0x49, 0x8D, 0xB2, 0xA0, 0x00, 0x00, 0x00,           // 160           lea rsi,[r10+160]
        0xE8, 0x33, 0x00, 0x00, 0x00,                       // 167           call PUT
        0x41, 0x83, 0x3A, 0x02,                             // 172           cmp dword [r10],2
        0x75, 0x15,                                         // 176           jne END
        0x49, 0x8B, 0x70, 0x30,                             // 178           mov rsi,[r8+48]
        0xE8, 0x24, 0x00, 0x00, 0x00,                       // 182           call PUT
        0x49, 0x8D, 0xB2, 0xE8, 0x00, 0x00, 0x00,           // 187           lea rsi,[r10+232]
        0xE8, 0x18, 0x00, 0x00, 0x00,                       // 194           call PUT
        0x49, 0x8B, 0x70, 0x38,                             // 199 END:      mov rsi,[r8+56]
        0xE8, 0x0F, 0x00, 0x00, 0x00,                       // 203           call PUT
        0x5A,                                               // 208           pop rdx
        0x5E,                                               // 209           pop rsi
        0x5F,                                               // 210           pop rdi
        0x48, 0xB8, .. Bytes(next),                         // 211 DONE:     mov rax,next
        0xFF, 0xE0,                                         // 221           jmp rax
        0x31, 0xD2,                                         // 223 PUT:      xor edx,edx
        0x80, 0x3C, 0x16, 0x00,                             // 225 P1:       cmp byte [rsi+rdx],0
        0x74, 0x04,                                         // 229           je P2
        0xFF, 0xC2,                                         // 231           inc edx
        0xEB, 0xF6,                                         // 233           jmp P1
        0xBF, 0x02, 0x00, 0x00, 0x00,                       // 235 P2:       mov edi,2
        0xB8, 0x01, 0x00, 0x00, 0x00,                       // 240           mov eax,1
        0x0F, 0x05,                                         // 245           syscall
        0xC3,                                               // 247           ret
    ];

    /// <inheritdoc cref="X64"/>
    /// <remarks>
    /// Little-endian words. The kernel does not always tell whether an access was a write. So the handler notes the instruction instead
    /// of an error code, with the highest bit set. The processor has just fetched the instruction, so it can be read. Where code can be
    /// executed but not read, this handler itself faults, and the process ends as it would without it. The page was never executed
    /// before, so the kernel cleans the caches when the page becomes executable. The last jump goes through x16, from which a jump may
    /// reach a target that is marked for calls.
    /// </remarks>
    public static byte[] Arm64(ulong place, ulong line, ulong next) =>
    [
        0x5F, 0x24, 0x03, 0xD5,                             //   0           bti c
        0x2A, 0x08, 0x40, 0xF9,                             //   4           ldr x10,[x1,#16]
        0x4B, 0xFD, 0x50, 0xD3,                             //   8           lsr x11,x10,#16
        0x4B, 0x06, 0x00, 0xB4,                             //  12           cbz x11,DONE
        0x89, 0x07, 0x00, 0x58,                             //  16           ldr x9,PLACE
        0x2A, 0x01, 0x00, 0xF9,                             //  20           str x10,[x9]
        0x4B, 0xDC, 0x40, 0xF9,                             //  24           ldr x11,[x2,#440]
        0x2B, 0x09, 0x00, 0xF9,                             //  28           str x11,[x9,#16]
        0x70, 0x01, 0x40, 0xB9,                             //  32           ldr w16,[x11]
        0x10, 0x02, 0x41, 0xB2,                             //  36           orr x16,x16,#1<<63
        0x30, 0x05, 0x00, 0xF9,                             //  40           str x16,[x9,#8]
        0x0B, 0x7C, 0x40, 0x93,                             //  44           sxtw x11,w0
        0x2B, 0x0D, 0x00, 0xF9,                             //  48           str x11,[x9,#24]
        0xA9, 0x06, 0x00, 0x58,                             //  52           ldr x9,LINE
        0x2C, 0x21, 0x00, 0x91,                             //  56           add x12,x9,#8
        0x8D, 0x39, 0xC1, 0xA8,                             //  60 T:        ldp x13,x14,[x12],#16
        0x6E, 0x01, 0x00, 0xB4,                             //  64 L:        cbz x14,NEXTTABLE
        0xAB, 0x01, 0x40, 0xB9,                             //  68           ldr w11,[x13]
        0xCB, 0x00, 0x00, 0x34,                             //  72           cbz w11,SKIP
        0xAB, 0x0D, 0x40, 0xF9,                             //  76           ldr x11,[x13,#24]
        0x4B, 0x01, 0x0B, 0xCB,                             //  80           sub x11,x10,x11
        0xB0, 0x11, 0x40, 0xF9,                             //  84           ldr x16,[x13,#32]
        0x7F, 0x01, 0x10, 0xEB,                             //  88           cmp x11,x16
        0x03, 0x01, 0x00, 0x54,                             //  92           b.lo FOUND
        0xAD, 0xC1, 0x04, 0x91,                             //  96 SKIP:     add x13,x13,#304
        0xCE, 0x05, 0x00, 0xD1,                             // 100           sub x14,x14,#1
        0xF6, 0xFF, 0xFF, 0x17,                             // 104           b L
        0x2B, 0xA1, 0x00, 0x91,                             // 108 NEXTTABLE:add x11,x9,#40
        0x9F, 0x01, 0x0B, 0xEB,                             // 112           cmp x12,x11
        0x43, 0xFE, 0xFF, 0x54,                             // 116           b.lo T
        0x17, 0x00, 0x00, 0x14,                             // 120           b DONE
        0x2B, 0xFD, 0x5F, 0xC8,                             // 124 FOUND:    ldaxr x11,[x9]
        0xAB, 0x02, 0x00, 0xB5,                             // 128           cbnz x11,DONE
        0x30, 0x00, 0x80, 0x52,                             // 132           mov w16,#1
        0x30, 0xFD, 0x11, 0xC8,                             // 136           stlxr w17,x16,[x9]
        0x91, 0xFF, 0xFF, 0x35,                             // 140           cbnz w17,FOUND
        0xE0, 0x07, 0xBE, 0xA9,                             // 144           stp x0,x1,[sp,#-32]!
        0xE2, 0x7B, 0x01, 0xA9,                             // 148           stp x2,x30,[sp,#16]
        0x21, 0x15, 0x40, 0xF9,                             // 152           ldr x1,[x9,#40]
        0x10, 0x00, 0x00, 0x94,                             // 156           bl PUT
        0xA1, 0x81, 0x02, 0x91,                             // 160           add x1,x13,#160
        0x0E, 0x00, 0x00, 0x94,                             // 164           bl PUT
        0xAB, 0x01, 0x40, 0xB9,                             // 168           ldr w11,[x13]
        0x7F, 0x09, 0x00, 0x71,                             // 172           cmp w11,#2
        0xA1, 0x00, 0x00, 0x54,                             // 176           b.ne END
        0x21, 0x19, 0x40, 0xF9,                             // 180           ldr x1,[x9,#48]
        0x09, 0x00, 0x00, 0x94,                             // 184           bl PUT
        0xA1, 0xA1, 0x03, 0x91,                             // 188           add x1,x13,#232
        0x07, 0x00, 0x00, 0x94,                             // 192           bl PUT
        0x21, 0x1D, 0x40, 0xF9,                             // 196 END:      ldr x1,[x9,#56]
        0x05, 0x00, 0x00, 0x94,                             // 200           bl PUT
        0xE2, 0x7B, 0x41, 0xA9,                             // 204           ldp x2,x30,[sp,#16]
        0xE0, 0x07, 0xC2, 0xA8,                             // 208           ldp x0,x1,[sp],#32
        0xF0, 0x01, 0x00, 0x58,                             // 212 DONE:     ldr x16,NEXT
        0x00, 0x02, 0x1F, 0xD6,                             // 216           br x16
        0x02, 0x00, 0x80, 0xD2,                             // 220 PUT:      mov x2,#0
        0x2B, 0x68, 0x62, 0x38,                             // 224 P1:       ldrb w11,[x1,x2]
        0x6B, 0x00, 0x00, 0x34,                             // 228           cbz w11,P2
        0x42, 0x04, 0x00, 0x91,                             // 232           add x2,x2,#1
        0xFD, 0xFF, 0xFF, 0x17,                             // 236           b P1
        0x40, 0x00, 0x80, 0xD2,                             // 240 P2:       mov x0,#2
        0x08, 0x08, 0x80, 0xD2,                             // 244           mov x8,#64
        0x01, 0x00, 0x00, 0xD4,                             // 248           svc #0
        0xC0, 0x03, 0x5F, 0xD6,                             // 252           ret
        .. Bytes(place),                                    // 256 PLACE:    place
        .. Bytes(line),                                     // 264 LINE:     line
        .. Bytes(next),                                     // 272 NEXT:     next
    ];

    /// <summary>A handler that only returns.</summary>
    public static ReadOnlySpan<byte> X64Return =>
    [
        0xF3, 0x0F, 0x1E, 0xFA,                             //   0           endbr64
        0xC3,                                               //   4           ret
        0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,           //   5           nop, so that the next code is aligned
        0x90, 0x90, 0x90, 0x90,                             //  12
    ];

    /// <inheritdoc cref="X64Return"/>
    public static ReadOnlySpan<byte> Arm64Return =>
    [
        0x5F, 0x24, 0x03, 0xD5,                             //   0           bti c
        0xC0, 0x03, 0x5F, 0xD6,                             //   4           ret
    ];

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
