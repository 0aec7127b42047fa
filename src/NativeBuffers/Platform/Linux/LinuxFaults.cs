using NativeBuffers.Platform.Shared;
using static NativeBuffers.Platform.Linux.LinuxCalls;
using static NativeBuffers.Platform.Unix.UnixCalls;

namespace NativeBuffers.Platform.Linux;

/// <summary>Fault notes on Linux: signal handlers that run first and then jump to the runtime's own. Run on x64, and on Arm64 under an emulator.</summary>
/// <remarks>
/// A managed method cannot be a signal handler: it may not run at all at the place of the fault. So there is a page of machine code, which
/// <see cref="LinuxFaultCode"/> assembles. The page is written first and made executable afterwards, and is never both. If the system allows
/// no page to become executable (SELinux's <c>execmem</c>), faults are not noted.
/// </remarks>
internal sealed class LinuxFaults(SystemMemory memory) : SystemFaults
{
    public override bool KnowsAccess => true;

    /// <inheritdoc/>
    public override unsafe bool TryNote(ulong* place, FaultLine* line)
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return false;
        }

        byte* page = (byte*)memory.Allocate(SystemMemory.PageSize, 1);
        if (page == null)
        {
            return false;
        }

        // Each signal has its own code, because each has its own next handler. A failure for one signal does not prevent the second one:
        // NativeAOT has a handler for the first signal only.
        ReadOnlySpan<int> signals = [SIGSEGV, SIGBUS];
        Span<SignalAction> actions = stackalloc SignalAction[2];
        int partByteCount = (int)SystemMemory.PageSize / 2;
        for (int i = 0; i < signals.Length; i++)
        {
            SignalAction current = default;
            if (sigaction(signals[i], null, &current) != 0)
            {
                current.Handler = SIG_IGN;
            }

            actions[i] = WriteHandler(page + (i * partByteCount), (ulong)place, (ulong)line, current);
        }

        bool isNoted = false;
        if (mprotect(page, SystemMemory.PageSize, PROT_READ | PROT_EXEC) == 0)
        {
            for (int i = 0; i < signals.Length; i++)
            {
                SignalAction ours = actions[i];
                isNoted |= ours.Handler != SIG_IGN && sigaction(signals[i], &ours, null) == 0;
            }
        }

        if (!isNoted)
        {
            memory.Free(page, SystemMemory.PageSize);
        }

        return isNoted;
    }

    /// <summary>Writes the code for one signal. Returns the action to install.</summary>
    /// <safety>Half a page from <paramref name="code"/> on is writable, is not executable yet, and stays mapped until the process ends.</safety>
    private static unsafe SignalAction WriteHandler(byte* code, ulong place, ulong line, SignalAction action)
    {
        if (action.Handler == SIG_IGN)
        {
            return action;
        }

        bool isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        byte* start = code;
        ulong next = action.Handler;
        if (action.Handler == SIG_DFL)
        {
            // There is no next handler, so this one returns. It is installed for one signal only. The instruction then faults again, and
            // the process ends as if there were no handler.
            ReadOnlySpan<byte> returning = isX64 ? LinuxFaultCode.X64Return : LinuxFaultCode.Arm64Return;
            returning.CopyTo(new Span<byte>(code, returning.Length));
            next = (ulong)code;
            start += returning.Length;
            action = new SignalAction { Flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND };
        }

        // All else stays as in the runtime's action: the stack for signals, the mask, and three arguments.
        byte[] noting = isX64 ? LinuxFaultCode.X64(place, line, next) : LinuxFaultCode.Arm64(place, line, next);
        noting.CopyTo(new Span<byte>(start, noting.Length));
        action.Handler = (nuint)start;
        return action;
    }
}
