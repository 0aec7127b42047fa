using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.RealParts;

/// <summary>Memory that tells when the platform takes its span or pins it; and a pin waits before it is handed over.</summary>
/// <remarks>So that a test can do something while an operation is surely in flight, and not only after a delay.</remarks>
internal sealed class GatedMemory(Memory<byte> inner) : MemoryManager<byte>
{
    private readonly TaskCompletionSource _spanned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _pinned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _gate = new();

    /// <summary>Completes when a caller has a span.</summary>
    public Task Spanned => _spanned.Task;

    /// <summary>Completes when a caller has a pin and waits for <see cref="Open"/>.</summary>
    public Task Pinned => _pinned.Task;

    public override Memory<byte> Memory => CreateMemory(inner.Length);

    public void Open() => _gate.Set();

    public override Span<byte> GetSpan()
    {
        Span<byte> span = inner.Span;
        _spanned.TrySetResult();
        return span;
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        MemoryHandle handle = inner[elementIndex..].Pin();
        _pinned.TrySetResult();
        if (!_gate.Wait(TimeSpan.FromMinutes(2)))
        {
            handle.Dispose();
            throw new TimeoutException();
        }

        return handle;
    }

    public override void Unpin() => throw new NotSupportedException("The handle ends the pin.");

    /// <summary>Does nothing: the memory is not its own.</summary>
    protected override void Dispose(bool disposing)
    {
    }
}
