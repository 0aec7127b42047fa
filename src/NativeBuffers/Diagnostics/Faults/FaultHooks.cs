using System.Runtime.ExceptionServices;
using NativeBuffers.Allocation;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>The hooks of one run of <see cref="FaultInjection"/>.</summary>
internal sealed class FaultHooks : FlowHooks
{
    private readonly FaultRun _run;

    private FaultHooks(FaultRun run) => _run = run;

    /// <summary>Whether the caller is in the body of a run.</summary>
    public static bool IsRunning
    {
        get
        {
            FlowHooks? hooks = Current;
            while (hooks is not null and not FaultHooks)
            {
                hooks = hooks.Outer;
            }

            return hooks is not null;
        }
    }

    /// <summary>Runs a body.</summary>
    /// <returns>The exception that it threw; null if none.</returns>
    public static async Task<Exception?> RunAsync(FaultRun run, Func<Task> body)
    {
        var hooks = new FaultHooks(run);
        AppDomain.CurrentDomain.FirstChanceException += hooks.OnThrown;
        BareBlockFreed += hooks.Forget;
        try
        {
            hooks.Begin();
            await body().ConfigureAwait(false);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
        finally
        {
            hooks.End();
            run.End();
            BareBlockFreed -= hooks.Forget;
            AppDomain.CurrentDomain.FirstChanceException -= hooks.OnThrown;
        }
    }

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => new FaultRunAllocator(inner, _run);

    /// <inheritdoc/>
    protected override bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) =>
        (!allocator.Layer.IsAmbient && _run.Ask(byteCount) == 0) || base.RefusesBareHere(allocator, byteCount);

    /// <inheritdoc/>
    protected override void NoteRecoveryHere(Exception met)
    {
        _run.NoteRecovered(met);
        base.NoteRecoveryHere(met);
    }

    private void Forget(NativeAllocator allocator, nint address)
    {
        if (!WrappingAllocator.IsTrackedBy(_run, allocator))
        {
            _run.Forget(address);
        }
    }

    /// <summary>Called on the thread that throws.</summary>
    private void OnThrown(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is OutOfMemoryException exception && IsServed())
        {
            _run.NoteThrown(exception);
        }
    }
}
