using System.Buffers.Binary;

namespace NativeBuffers.Os;

/// <summary>The machine code of a signal handler that notes a fault, and goes on with another handler.</summary>
/// <remarks>
/// <para>In C, it were: <c>void handler(int signal, siginfo_t *info, ucontext_t *context)</c>, with
/// <c>if (info->si_addr >= 65536) { place[0] = info->si_addr; place[1] = error code; place[2] = program counter; place[3] = signal; }</c>
/// and <c>next(signal, info, context)</c> as its last call, made by a jump: so the next one finds stack and arguments as the kernel left
/// them. Only registers are used that a called function may change.</para>
/// <para>The kernel's layouts. <c>siginfo_t</c>: <c>si_addr</c> is at 16 on both processors. <c>ucontext_t</c> begins with flags (8), link (8)
/// and stack (24). On x64, <c>gregs</c> follows at 40, 8 bytes each: number 16 is RIP, at 168; number 19 is the error code of the page
/// fault, at 192. On Arm64, the signal mask follows with 128 bytes; then, aligned to 16, <c>sigcontext</c> at 176: fault address (8),
/// 31 registers (248), SP (8), and PC at 440.</para>
/// </remarks>
internal static class LinuxFaultCode
{
    /// <param name="place">Where to note.</param>
    /// <param name="next">The handler to go on with.</param>
    public static byte[] X64(ulong place, ulong next) =>
    [
        0xF3, 0x0F, 0x1E, 0xFA,                         // endbr64: where indirect jumps are checked, this is a place for them
        0x48, 0x8B, 0x4E, 0x10,                         // mov rcx, [rsi + 16]   info->si_addr
        0x48, 0x81, 0xF9, 0x00, 0x00, 0x01, 0x00,       // cmp rcx, 65536
        0x72, 0x2A,                                     // jb  +42               below: a null reference, go on
        0x48, 0xB8, .. Bytes(place),                    // mov rax, place
        0x48, 0x89, 0x08,                               // mov [rax], rcx
        0x48, 0x8B, 0x8A, 0xC0, 0x00, 0x00, 0x00,       // mov rcx, [rdx + 192]  the error code
        0x48, 0x89, 0x48, 0x08,                         // mov [rax + 8], rcx
        0x48, 0x8B, 0x8A, 0xA8, 0x00, 0x00, 0x00,       // mov rcx, [rdx + 168]  RIP
        0x48, 0x89, 0x48, 0x10,                         // mov [rax + 16], rcx
        0x48, 0x63, 0xCF,                               // movsxd rcx, edi       the signal
        0x48, 0x89, 0x48, 0x18,                         // mov [rax + 24], rcx   42 bytes behind the jb end here
        0x48, 0xB8, .. Bytes(next),                     // mov rax, next
        0xFF, 0xE0,                                     // jmp rax
    ];

    /// <inheritdoc cref="X64"/>
    /// <remarks>
    /// Little-endian words. The page was never executed before, so the kernel itself cleans the caches when it becomes executable.
    /// </remarks>
    public static byte[] Arm64(ulong place, ulong next) =>
    [
        0x5F, 0x24, 0x03, 0xD5,                         //  0  bti c                where indirect calls are checked, this is a place for them
        0x2A, 0x08, 0x40, 0xF9,                         //  4  ldr x10, [x1, #16]   info->si_addr
        0x4B, 0xFD, 0x50, 0xD3,                         //  8  lsr x11, x10, #16
        0xEB, 0x00, 0x00, 0xB4,                         // 12  cbz x11, +28         below 65536: a null reference, go on at 40
        0x29, 0x01, 0x00, 0x58,                         // 16  ldr x9, +36          place, from 52
        0x2A, 0x01, 0x00, 0xF9,                         // 20  str x10, [x9]
        0x4B, 0xDC, 0x40, 0xF9,                         // 24  ldr x11, [x2, #440]  PC
        0x2B, 0x09, 0x00, 0xF9,                         // 28  str x11, [x9, #16]
        0x0B, 0x7C, 0x40, 0x93,                         // 32  sxtw x11, w0         the signal
        0x2B, 0x0D, 0x00, 0xF9,                         // 36  str x11, [x9, #24]
        0xB0, 0x00, 0x00, 0x58,                         // 40  ldr x16, +20         next, from 60
        0x00, 0x02, 0x1F, 0xD6,                         // 44  br x16               a register from which a place for calls may be jumped to
        0x1F, 0x20, 0x03, 0xD5,                         // 48  nop
        .. Bytes(place),                                // 52
        .. Bytes(next),                                 // 60
    ];

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
