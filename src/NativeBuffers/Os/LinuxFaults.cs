using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>Linux: signal handlers in front of the runtime's own, to which they jump. Arm64 is compiled, not run yet.</summary>
/// <remarks>
/// A managed method cannot be a signal handler: it may not run at all where the fault was. So there is a page of machine code, which
/// <see cref="LinuxFaultCode"/> assembles: written first, made executable afterwards, never both. Where the system allows no page
/// to become executable (SELinux's <c>execmem</c>), faults are not noted.
/// </remarks>
internal sealed partial class LinuxFaults : SystemFaults
{
    private const int BusError = 7;
    private const int SegmentViolation = 11;
    private const int ReadExecute = 0x1 | 0x4;

    /// <summary>The two addresses that are no handlers: the default, and to ignore.</summary>
    private const nuint LastSpecialHandler = 1;

    public override bool KnowsAccess => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public override unsafe bool TryNote(ulong* place, FaultLine* line)
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return false;
        }

        byte* page = (byte*)SystemMemory.Current.Allocate(SystemMemory.PageSize, 1);
        if (page == null)
        {
            return false;
        }

        // One piece of code a signal, as each has its own handler to go on with.
        ReadOnlySpan<int> signals = [SegmentViolation, BusError];
        Span<SignalAction> actions = stackalloc SignalAction[2];
        int partByteCount = (int)SystemMemory.PageSize / 2;
        for (int i = 0; i < signals.Length; i++)
        {
            if (GetAction(signals[i], null, out actions[i]) != 0 || actions[i].Handler <= LastSpecialHandler)
            {
                SystemMemory.Current.Free(page, SystemMemory.PageSize);
                return false;
            }

            byte[] code = RuntimeInformation.ProcessArchitecture == Architecture.X64
                ? LinuxFaultCode.X64((ulong)place, (ulong)line, actions[i].Handler)
                : LinuxFaultCode.Arm64((ulong)place, (ulong)line, actions[i].Handler);
            code.CopyTo(new Span<byte>(page + (i * partByteCount), partByteCount));
        }

        if (ChangeProtection(page, SystemMemory.PageSize, ReadExecute) != 0)
        {
            SystemMemory.Current.Free(page, SystemMemory.PageSize);
            return false;
        }

        for (int i = 0; i < signals.Length; i++)
        {
            // All else stays as the runtime has it: its own stack for signals, its mask, three arguments.
            SignalAction ours = actions[i];
            ours.Handler = (nuint)(page + (i * partByteCount));
            _ = SetAction(signals[i], &ours, null);
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static unsafe partial int GetAction(int signal, SignalAction* none, out SignalAction current);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static unsafe partial int SetAction(int signal, SignalAction* action, SignalAction* before);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static unsafe partial int ChangeProtection(void* start, nuint byteCount, int protection);

    /// <summary>The C library's <c>struct sigaction</c>: the same in glibc and musl, on both processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    private struct SignalAction
    {
        /// <summary><c>sa_sigaction</c>. Behind it 128 bytes <c>sa_mask</c>, 4 bytes <c>sa_flags</c>, 4 of padding, 8 bytes <c>sa_restorer</c>.</summary>
        [FieldOffset(0)]
        public nuint Handler;
    }
}
