using System.Runtime.ExceptionServices;
using NativeBuffers.Allocation;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Watches a flow for <see cref="FaultInjection"/>, for one run.</summary>
internal sealed class FaultHooks : FlowHooks
{
    private readonly FaultRun _run;

    private FaultHooks(FaultRun run) => _run = run;

    /// <summary>Whether the caller is in the body of a run.</summary>
    public static bool IsRunning
    {
        get
        {
            FlowHooks? watch = Current;
            while (watch is not null and not FaultHooks)
            {
                watch = watch.Outer;
            }

            return watch is not null;
        }
    }

    /// <summary>Runs a body.</summary>
    /// <returns>What came out of it.</returns>
    public static async Task<Exception?> RunAsync(FaultRun run, Func<Task> body)
    {
        var watch = new FaultHooks(run);
        AppDomain.CurrentDomain.FirstChanceException += watch.Note;
        BareBlockFreed += watch.Forget;
        try
        {
            watch.Begin();
            await body().ConfigureAwait(false);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
        finally
        {
            watch.End();
            run.End();
            BareBlockFreed -= watch.Forget;
            AppDomain.CurrentDomain.FirstChanceException -= watch.Note;
        }
    }

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => new WatchedForFaults(inner, _run);

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
        if (!WrappingAllocator.KeepsNotesIn(_run, allocator))
        {
            _run.Forget(address);
        }
    }

    /// <summary>Told on the thread that throws.</summary>
    private void Note(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is OutOfMemoryException exception && IsServed())
        {
            _run.NoteThrown(exception);
        }
    }
}
