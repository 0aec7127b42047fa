using System.Buffers;
using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Buffers;

/// <summary>An owner or a pooled buffer, and the array that it must agree with.</summary>
internal sealed class ModelOwner
{
    private ModelOwner(NativeMemoryOwner<int>? owner, PooledBuffer<int> pooled, int[] elements)
    {
        Owner = owner;
        Pooled = pooled;
        Elements = elements;
    }

    /// <summary>Null for a pooled buffer.</summary>
    public NativeMemoryOwner<int>? Owner { get; }

    public PooledBuffer<int> Pooled { get; }

    /// <summary>The expected elements of the block; also after the owner was disposed, while a borrow or a pin uses the block.</summary>
    public int[] Elements { get; set; }

    public bool IsOpen { get; set; } = true;

    public List<(MemoryHandle Handle, int Index)> Pins { get; } = [];

    public int Borrows { get; set; }

    public bool IsUsed => Borrows + Pins.Count > 0;

    public static ModelOwner Of(NativeMemoryOwner<int> owner, int[] elements) => new(owner, default, elements);

    public static ModelOwner Of(PooledBuffer<int> buffer, int[] elements) => new(null, buffer, elements);

    public Borrow<int> Borrow() => Owner is null ? Pooled.Borrow() : Owner.Borrow();

    public void Dispose()
    {
        Owner?.Dispose();
        Pooled.Dispose();
    }

    /// <remarks>For a memory that is taken now: an owner that has shrunk pins no older one.</remarks>
    public MemoryHandle Pin(int index) => (Owner is null ? Pooled.Memory : Owner.Memory)[index..].Pin();

    public Span<int> View(int view) => view switch
    {
        0 when Owner is not null => Owner.Slice(0, Elements.Length).Span,
        1 when Owner is not null => Owner.GetSpan(),
        2 when Owner is null => Pooled.AsSpan(0, Elements.Length),
        3 when Owner is null => Pooled.AsSpan(),
        _ => (Owner is null ? Pooled.Memory : Owner.Memory).Span,
    };

    /// <summary>Asserts that the real thing is as the model says.</summary>
    public unsafe void AssertAgrees()
    {
        Assert.Equal(!IsOpen, Owner?.IsDisposed ?? Pooled.IsDisposed);
        Assert.Equal(IsOpen ? Elements.Length : 0, Owner?.Length ?? Pooled.Length);
        if (IsOpen)
        {
            Assert.True((Owner is null ? Pooled.AsSpan() : Owner.GetSpan()).SequenceEqual(Elements), "The elements differ.");
        }

        foreach ((MemoryHandle handle, int index) in Pins)
        {
            var pinned = new ReadOnlySpan<int>(handle.Pointer, Elements.Length - index);
            Assert.True(pinned.SequenceEqual(Elements.AsSpan(index)), "The pinned elements differ.");
        }
    }

    /// <summary>Asserts that every use is refused.</summary>
    public void AssertRefuses()
    {
        Assert.Throws<ObjectDisposedException>(() => Borrow().Dispose());
        Assert.Throws<ObjectDisposedException>(() => Pin(0).Dispose());
        for (int view = 0; view < 4; view++)
        {
            Assert.Throws<ObjectDisposedException>(() => View(view).Length);
        }

        if (Owner is not null)
        {
            Assert.Throws<ObjectDisposedException>(() => Owner.Resize(5));
            Assert.Throws<ObjectDisposedException>(() => Owner.Move().Dispose());
            Assert.Throws<ObjectDisposedException>(() => { unsafe { _ = Owner.Release(); } });
        }

        Dispose();
    }
}
