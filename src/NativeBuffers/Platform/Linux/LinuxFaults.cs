using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Platform.Linux;

/// <summary>Linux: signal handlers in front of the runtime's own, to which they jump. Run on x64, and on Arm64 under an emulator.</summary>
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

    // Two values of a handler that are no addresses.
    private const nuint Default = 0;
    private const nuint Ignored = 1;

    // The flags SA_SIGINFO, SA_ONSTACK and SA_RESETHAND.
    private const int WithInformation = 0x4;
    private const int OnSignalStack = 0x0800_0000;
    private const int Once = unchecked((int)0x8000_0000);

    public override bool KnowsAccess => true;

    public override unsafe bool TryNote(ulong* place, FaultLine* line)
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return false;
        }

        byte* page = (byte*)Host.Memory.Allocate(SystemMemory.PageSize, 1);
        if (page == null)
        {
            return false;
        }

        // Each signal has its own code, because each has its own next handler. Each is installed even if the other fails:
        // NativeAOT has a handler for the first one only.
        ReadOnlySpan<int> signals = [SegmentViolation, BusError];
        Span<SignalAction> actions = stackalloc SignalAction[2];
        int partByteCount = (int)SystemMemory.PageSize / 2;
        for (int i = 0; i < signals.Length; i++)
        {
            if (GetAction(signals[i], null, out actions[i]) != 0)
            {
                actions[i].Handler = Ignored;
            }

            actions[i] = WriteHandler(page + (i * partByteCount), (ulong)place, (ulong)line, actions[i]);
        }

        bool isNoted = false;
        if (ChangeProtection(page, SystemMemory.PageSize, ReadExecute) == 0)
        {
            for (int i = 0; i < signals.Length; i++)
            {
                SignalAction ours = actions[i];
                isNoted |= ours.Handler != Ignored && SetAction(signals[i], &ours, null) == 0;
            }
        }

        if (!isNoted)
        {
            Host.Memory.Free(page, SystemMemory.PageSize);
        }

        return isNoted;
    }

    /// <summary>Writes the code for one signal. Returns the action to install.</summary>
    /// <safety>Half a page from <paramref name="code"/> on is writable, not executed yet, and stays mapped for ever.</safety>
    private static unsafe SignalAction WriteHandler(byte* code, ulong place, ulong line, SignalAction action)
    {
        if (action.Handler == Ignored)
        {
            return action;
        }

        bool isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        byte* start = code;
        ulong next = action.Handler;
        if (action.Handler == Default)
        {
            // There is no handler to go on with, so this one returns. It is installed for one signal only: the instruction faults
            // again, and the process ends as it would have without it.
            ReadOnlySpan<byte> returning = isX64 ? LinuxFaultCode.X64Return : LinuxFaultCode.Arm64Return;
            returning.CopyTo(new Span<byte>(code, returning.Length));
            next = (ulong)code;
            start += returning.Length;
            action = new SignalAction { Flags = WithInformation | OnSignalStack | Once };
        }

        // Everything else stays as in the runtime's action: the stack for signals, the mask, three arguments.
        byte[] noting = isX64 ? LinuxFaultCode.X64(place, line, next) : LinuxFaultCode.Arm64(place, line, next);
        noting.CopyTo(new Span<byte>(start, noting.Length));
        action.Handler = (nuint)start;
        return action;
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

        [FieldOffset(136)]
        public int Flags;
    }
}
