using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeBuffers.Caches;
using NativeBuffers.Lifetimes;
using NativeBuffers.Raw;

namespace NativeBuffers;

/// <summary>A block of <typeparamref name="T"/> outside the garbage-collected heap, owned by an object: for fields, async code, other threads.</summary>
/// <remarks>
/// <para>Dispose it, or dispose what holds it. One that was forgotten is freed by a finalizer and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>); that finalizer costs nothing where it is not needed.</para>
/// <para>All members may be called from all threads at any time. <see cref="Borrow"/> is the safe way to the elements:
/// while a borrow or a pin lasts, <see cref="Dispose()"/> lets nobody else in, and the memory is freed when the last one ends.
/// A span taken from <see cref="Memory"/> does not hold the memory: it must not be used after <see cref="Dispose()"/>.</para>
/// <para>Lengths have 64 bits. A <see cref="Memory{T}"/> has 32: see <see cref="Slice"/>.</para>
/// </remarks>
/// <example>
/// <code>
/// sealed class Frame : IDisposable
/// {
///     private readonly NativeMemoryOwner&lt;float&gt; _pixels = NativeMemoryOwner&lt;float&gt;.Create(1920 * 1080);
///
///     public float Brightest()
///     {
///         using var pixels = _pixels.Borrow();
///         float brightest = 0;
///         foreach (float pixel in pixels.Span) brightest = float.Max(brightest, pixel);
///         return brightest;
///     }
///
///     public void Dispose() => _pixels.Dispose();
/// }
/// </code>
/// </example>
/// <typeparam name="T">Any type without references.</typeparam>
[SuppressMessage("Design", "CA1063", Justification = "There is no finalizer here, and nothing to derive from: Dispose is the whole pattern.")]
[SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer to suppress.")]
public sealed class NativeMemoryOwner<T> : MemoryManager<T>, IMemoryOwner<T>
    where T : unmanaged
{
    // While this object is reachable, so is the guardian, and while that is, nobody else gives the block back.
    private readonly Guardian _guardian;
    private readonly unsafe Slot* _slot;

    /// <summary>The slot's generation that is this owner's. Resizing moves both on: first this, then the slot's.</summary>
    private ulong _held;

    private long _length;

    /// <safety>The hold is of a block for so many elements, and not none.</safety>
    internal unsafe NativeMemoryOwner(Hold hold, long length)
        : this(hold.Guardian!, hold.Slot, hold.Held, length)
    {
    }

    private unsafe NativeMemoryOwner(Guardian guardian, Slot* slot, ulong held, long length)
    {
        _guardian = guardian;
        _slot = slot;
        _held = held;
        _length = length;
    }

    /// <summary>The number of elements; 0 once disposed.</summary>
    public long Length => IsDisposed ? 0 : Volatile.Read(ref _length);

    /// <summary>Whether it was disposed, released or moved from.</summary>
    public bool IsDisposed
    {
        get
        {
            unsafe
            {
                // SAFETY: slots are never unmapped.
                ulong held = Volatile.Read(ref _held);
                ulong state = Volatile.Read(ref _slot->Generation) - held;
                return state > Closing.Exclusive && !Closing.IsExclusive(state) && Volatile.Read(ref _held) == held;
            }
        }
    }

    /// <summary>What frees the block: after <see cref="Release"/>, its <see cref="NativeAllocator.Free"/> is the way.</summary>
    /// <exception cref="ObjectDisposedException">The owner has no block any more.</exception>
    public NativeAllocator Allocator
    {
        get
        {
            using Borrow<T> borrow = Borrow();
            unsafe
            {
                // SAFETY: while borrowed, the slot is this owner's.
                return _slot->Kind == SlotKind.Foreign ? Uncached.AllocatorOf(_slot) : NativeAllocator.Default;
            }
        }
    }

    /// <summary>All elements, for code that knows the platform's types. Pinning it keeps the memory; a span of it does not.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="int.MaxValue"/> elements: use <see cref="Slice"/>.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public override Memory<T> Memory
    {
        get
        {
            long length = OpenLength();
            return length <= int.MaxValue ? CreateMemory((int)length) : throw Failure.TooLongForMemory(length);
        }
    }

    /// <summary>An owner of zeroed elements.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="allocator">Where the block comes from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
    public static NativeMemoryOwner<T> Create(long length, NativeAllocator? allocator = null) =>
        Create(length, allocator, zeroed: true);

    /// <summary>An owner whose elements may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="Create(long, NativeAllocator?)" path="/param|/exception"/>
    [SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
    public static NativeMemoryOwner<T> CreateUninitialized(long length, NativeAllocator? allocator = null) =>
        Create(length, allocator, zeroed: false);

    /// <summary>An owner with a copy of <paramref name="source"/>.</summary>
    /// <param name="source">What to copy; the owner shares no memory with it.</param>
    /// <param name="allocator">Where the block comes from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
    public static NativeMemoryOwner<T> CreateFrom(ReadOnlySpan<T> source, NativeAllocator? allocator = null)
    {
        NativeMemoryOwner<T> owner = CreateUninitialized(source.Length, allocator);
        source.CopyTo(owner.GetSpan());
        GC.KeepAlive(owner);
        return owner;
    }

    /// <summary>An owner of memory that C code allocated, and handed over.</summary>
    /// <param name="pointer">The first element.</param>
    /// <param name="length">In elements.</param>
    /// <param name="freedBy">What frees it, for example <see cref="NativeAllocator.Malloc"/>; is told the length in bytes.</param>
    /// <safety>The block is the caller's to give up, is as long as stated, and <paramref name="freedBy"/> is what frees it.</safety>
    /// <exception cref="ArgumentNullException"><paramref name="pointer"/> or <paramref name="freedBy"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is still the caller's.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "The type is named where it is created, as the field's type is.")]
    [SuppressMessage("Naming", "CA1720", Justification = "It is one.")]
    public static unsafe NativeMemoryOwner<T> Adopt(T* pointer, long length, NativeAllocator freedBy)
    {
        ArgumentNullException.ThrowIfNull(pointer);
        ArgumentNullException.ThrowIfNull(freedBy);
        return new NativeMemoryOwner<T>(Hold.Adopt(pointer, Layout.ByteCount(length, sizeof(T)), freedBy), length);
    }

    /// <summary>Hands the block to the caller, who frees it now. This owner counts as disposed afterwards.</summary>
    /// <returns>The first element. <see cref="Allocator"/>, read before, frees it, as <see cref="Length"/> elements' bytes.</returns>
    /// <safety>Free it once, with what it was allocated with.</safety>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public unsafe T* Release()
    {
        _ = EnterExclusive();
        var block = (T*)Uncached.Detach(_slot);
        GC.KeepAlive(this);
        return block;
    }

    /// <summary>Hands ownership to the result. This owner counts as disposed afterwards.</summary>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public NativeMemoryOwner<T> Move()
    {
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to hand on.
            ulong held = EnterExclusive();
            ulong next = Slot.With(Slot.After(held), SlotState.Held);
            try
            {
                var moved = new NativeMemoryOwner<T>(_guardian, _slot, next, _length);
                held = next;
                return moved;
            }
            finally
            {
                Volatile.Write(ref _slot->Generation, held == next ? next : Slot.With(held, SlotState.Shared));
                GC.KeepAlive(this);
            }
        }
    }

    /// <summary>Part of the elements, for code that knows the platform's types: also of those beyond <see cref="int.MaxValue"/>.</summary>
    /// <param name="start">In elements.</param>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public Memory<T> Slice(long start, int length)
    {
        Layout.ThrowIfOutside(start, length, OpenLength());
        return start + length <= int.MaxValue
            ? CreateMemory((int)start, length)
            : new OwnerWindow<T>(this, start, length).Memory;
    }

    /// <summary>Borrows the memory: it is neither freed nor resized before the result is disposed.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Borrow<T> Borrow()
    {
        unsafe
        {
            // SAFETY: the slot is this owner's in the generation it holds; once borrowed, length and address stay.
            if (!BorrowMark.TryBegin(_slot, Volatile.Read(ref _held), out BorrowMark mark))
            {
                mark = BorrowAnew();
            }

            var borrow = new Borrow<T>(mark, _slot->Start, _length);
            GC.KeepAlive(this);
            return borrow;
        }
    }

    /// <summary>Changes the length. Contents are kept, new elements are zero, and the block may move.</summary>
    /// <remarks>Spans taken from <see cref="Memory"/> before must not be used afterwards. Who borrows meanwhile, waits.</remarks>
    /// <param name="length">In elements.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the owner is as it was.</exception>
    public void Resize(long length)
    {
        nuint newBytes = Layout.ByteCount(length, Unsafe.SizeOf<T>());
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to change, and has its length.
            ulong held = EnterExclusive();
            ulong next = Slot.With(held, SlotState.Shared);
            try
            {
                Relocation.Resize(_slot, Layout.ByteCount(_length, sizeof(T)), newBytes);
                next = Slot.With(Slot.After(held), SlotState.Held);
                Volatile.Write(ref _length, length);
                Volatile.Write(ref _held, next);
            }
            finally
            {
                Volatile.Write(ref _slot->Generation, next);
                GC.KeepAlive(this);
            }
        }
    }

    /// <summary>Lets nobody in any more, and gives the memory back: now, or when the last borrow or pin of it ends.</summary>
    /// <remarks>Once only: a second call does nothing, from whichever thread. Never throws.</remarks>
    public void Dispose()
    {
        unsafe
        {
            // SAFETY: slots are never unmapped, and the generation is the one that this owner holds, or held.
            ulong held = Volatile.Read(ref _held);
            if (Volatile.Read(ref _slot->Generation) != held + Closing.Biased || !Closing.TryCloseHere(_slot, held))
            {
                while (!Closing.Close(_slot, held) && Volatile.Read(ref _held) != held)
                {
                    held = Volatile.Read(ref _held);
                }
            }
        }

        GC.KeepAlive(this);
    }

    /// <summary>All elements, or the first <see cref="int.MaxValue"/>. The span does not hold the memory.</summary>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public override Span<T> GetSpan() => GetSpan(0, int.MaxValue);

    /// <summary>Keeps the memory where it is, and alive, until the result is disposed.</summary>
    /// <param name="elementIndex">What the result points to; at most <see cref="int.MaxValue"/>.</param>
    /// <returns>Dispose it, on any thread. Disposing copies of it ends no other pin.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not inside the memory, nor its end.</exception>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    public override MemoryHandle Pin(int elementIndex = 0) => PinAt(elementIndex);

    /// <summary>Ends the last pin that still goes on, if any, whose <see cref="MemoryHandle"/> then ends nothing more.</summary>
    public override void Unpin() => _guardian.EndLastPin();

    /// <summary>Part of the elements. The span does not hold the memory.</summary>
    /// <param name="start">In elements; not negative.</param>
    /// <param name="most">The length, or less if there are not so many elements; not negative.</param>
    /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
    internal Span<T> GetSpan(long start, int most)
    {
        while (true)
        {
            unsafe
            {
                // SAFETY: slots are never unmapped. Address and length are those of the generation that is held if that is
                // still open after they were read; and then the range is inside the block.
                ulong held = Volatile.Read(ref _held);
                byte* block = (byte*)Volatile.Read(ref *(nint*)&_slot->Start);
                long length = Volatile.Read(ref _length);
                ulong state = Volatile.Read(ref _slot->Generation) - held;
                if (state <= Closing.Shared)
                {
                    long rest = long.Max(length - start, 0);
                    return Block.View<T>(block + ((nint)long.Min(start, length) * sizeof(T)), (int)long.Min(rest, most));
                }

                ThrowIfOver(held, state);
            }
        }
    }

    /// <summary>As <see cref="Pin(int)"/>, anywhere.</summary>
    internal MemoryHandle PinAt(long index)
    {
        unsafe
        {
            // SAFETY: once pinned, address and length stay, and the index is inside.
            Pin pin = BeginPin();
            if ((ulong)index > (ulong)_length)
            {
                pin.Unpin();
                throw new ArgumentOutOfRangeException(nameof(index), index, Failure.Outside);
            }

            _guardian.Remember(pin);
            return new MemoryHandle((T*)_slot->Start + index, default, pin);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Dispose();

    private static NativeMemoryOwner<T> Create(long length, NativeAllocator? allocator, bool zeroed)
    {
        unsafe
        {
            // SAFETY: the block is rented for so many elements.
            return new NativeMemoryOwner<T>(Hold.Rent(Layout.ByteCount(length, sizeof(T)), allocator, zeroed), length);
        }
    }

    /// <summary>Keeps everybody else out. Ends when the slot's generation is written.</summary>
    private unsafe ulong EnterExclusive()
    {
        while (true)
        {
            ulong held = Volatile.Read(ref _held);
            if (Closing.TryEnterExclusive(_slot, held, out bool isUsed))
            {
                return isUsed ? throw Failure.InUse() : held;
            }

            ThrowIfOver(held, state: ulong.MaxValue);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe BorrowMark BorrowAnew()
    {
        while (true)
        {
            ulong held = Volatile.Read(ref _held);
            if (BorrowMark.TryBegin(_slot, held, out BorrowMark mark))
            {
                return mark;
            }

            ThrowIfOver(held, state: ulong.MaxValue);
        }
    }

    private unsafe Pin BeginPin()
    {
        while (true)
        {
            ulong held = Volatile.Read(ref _held);
            if (Lifetimes.Pin.TryBegin(_slot, held) is Pin pin)
            {
                return pin;
            }

            ThrowIfOver(held, state: ulong.MaxValue);
        }
    }

    private long OpenLength()
    {
        while (true)
        {
            unsafe
            {
                // SAFETY: slots are never unmapped.
                ulong held = Volatile.Read(ref _held);
                long length = Volatile.Read(ref _length);
                ulong state = Volatile.Read(ref _slot->Generation) - held;
                if (state <= Closing.Shared)
                {
                    return length;
                }

                ThrowIfOver(held, state);
            }
        }
    }

    /// <summary>After a look at a generation that was not open: throws if the owner holds no other one now. Else, look again.</summary>
    private void ThrowIfOver(ulong held, ulong state)
    {
        if (Closing.IsExclusive(state))
        {
            Closing.Wait();
        }
        else if (Volatile.Read(ref _held) == held)
        {
            throw Failure.Disposed($"{nameof(NativeMemoryOwner<>)}<{typeof(T).Name}>");
        }
    }
}
