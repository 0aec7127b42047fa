using System.Runtime.ExceptionServices;

namespace NativeBuffers.Diagnostics.Faults;

/// <summary>Watches a flow for <see cref="FaultInjection"/>: one run after the other.</summary>
internal sealed class FaultWatch : FlowWatch
{
    private FaultRun _run = new(0, first: null);

    /// <summary>The run that goes on, or the last one.</summary>
    public FaultRun Run => Volatile.Read(ref _run);

    /// <summary>Runs a body.</summary>
    /// <returns>What came out of it.</returns>
    public async Task<Exception?> RunAsync(FaultRun run, Func<Task> body)
    {
        Volatile.Write(ref _run, run);
        AppDomain.CurrentDomain.FirstChanceException += Note;
        try
        {
            Begin();
            await body().ConfigureAwait(false);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
        finally
        {
            End();
            AppDomain.CurrentDomain.FirstChanceException -= Note;
        }
    }

    /// <inheritdoc/>
    protected override NativeAllocator Wrap(NativeAllocator inner) => new WatchedForFaults(inner, this);

    /// <inheritdoc/>
    protected override bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) =>
        allocator is not WrappingAllocator { IsAmbient: true } && Run.Ask(byteCount) == 0;

    /// <inheritdoc/>
    protected override void NoteRecoveryHere() => Run.NoteRecovered();

    /// <summary>Told on the thread that throws.</summary>
    private void Note(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is OutOfMemoryException && Flow == this)
        {
            Run.NoteThrown();
        }
    }
}
