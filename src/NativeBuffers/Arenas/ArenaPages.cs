using NativeBuffers.Primitives;

namespace NativeBuffers.Arenas;

/// <summary>The positions of elements in the chunks of one arena: numbers of 32 bits that are checked in a few instructions.</summary>
/// <remarks>
/// A position counts words of 8 bytes. Its upper 17 bits are the number of a page, and its lower 15 bits a word of the page. The room of a
/// chunk is the memory between its header and its slack. Each room has as many pages of 256 KiB as it needs, with consecutive numbers. So
/// each position that is found names part of a room, and no header. Rooms are added and removed in the order of a stack.
/// </remarks>
internal struct ArenaPages
{
    /// <summary>The most pages that have a number: 32 GiB.</summary>
    public const int Most = 1 << (32 - WordBits);

    /// <summary>Elements with a position begin at multiples of this number of bytes.</summary>
    public const int Word = 1 << WordShift;

    private const int WordBits = 15;
    private const int WordShift = 3;
    private const int PageShift = WordBits + WordShift;
    private const nint PageByteCount = 1 << PageShift;

    private Page[] _pages = [];
    private int _count;

    // The same array after a position was asked for, and empty before.
    private Page[] _named = [];

    // The part of a room in which the last position was asked for. Elements are allocated one after another, so the next one is there, too.
    private nint _roomStart;
    private nint _roomByteCount;
    private uint _roomPosition;

    public ArenaPages()
    {
    }

    /// <summary>The alignment of elements with a position.</summary>
    public static ulong AlignmentOf<T>()
        where T : unmanaged => ulong.Max(Primitives.AlignmentOf<T>.Value, Word);

    /// <summary>Whether the arena has given out positions in this life. If not, no position is found.</summary>
    public readonly bool HasPositions => _named.Length != 0;

    /// <summary>Begins a life of the arena. The positions of the life before are no longer found.</summary>
    public void BeginLife()
    {
        _named = [];
        _roomByteCount = 0;
    }

    /// <summary>Adds a room.</summary>
    /// <param name="start">A multiple of 8.</param>
    /// <param name="byteCount">The bytes of the room.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; nothing was added.</exception>
    public void Add(nint start, nint byteCount)
    {
        int added = (int)((byteCount + (PageByteCount - 1)) >> PageShift);
        if (_count + added > _pages.Length)
        {
            Array.Resize(ref _pages, int.Max(_pages.Length * 2, _count + added));
            _named = HasPositions ? _pages : _named;
        }

        for (; byteCount > 0; start += PageByteCount, byteCount -= PageByteCount)
        {
            _pages[_count++] = new Page { Start = start, ByteCount = byteCount };
        }
    }

    /// <summary>Removes a room if it is the last one; otherwise does nothing.</summary>
    public void Remove(nint start, nint byteCount)
    {
        _roomByteCount = 0;
        while (_count > 0 && (nuint)(_pages[_count - 1].Start - start) < (nuint)byteCount)
        {
            // The limit of an unused page is 0, so that it is never found.
            _pages[--_count] = default;
        }
    }

    /// <summary>Finds <paramref name="byteCount"/> bytes in one room; false if the position has no such room.</summary>
    /// <param name="position">Any value.</param>
    /// <param name="byteCount">At least 1.</param>
    /// <param name="start">A multiple of 8.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryFind(uint position, int byteCount, out nint start)
    {
        Page[] pages = _named;
        uint number = position >> WordBits;
        if (number < (uint)pages.Length)
        {
            ref readonly Page page = ref pages[number];
            nint offset = (nint)((position << WordShift) & (uint)(PageByteCount - 1));
            start = page.Start + offset;
            return offset + byteCount <= page.ByteCount;
        }

        start = 0;
        return false;
    }

    /// <summary>The position of an address in a room.</summary>
    /// <param name="address">A multiple of 8.</param>
    /// <exception cref="InvalidOperationException">The address has no position: the arena is too large.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint PositionOf(nint address)
    {
        if ((nuint)(address - _roomStart) >= (nuint)_roomByteCount)
        {
            FindRoom(address);
        }

        return _roomPosition + (uint)((address - _roomStart) >> WordShift);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FindRoom(nint address)
    {
        int number = _count - 1;
        while ((nuint)(address - _pages[number].Start) >= (nuint)nint.Min(_pages[number].ByteCount, PageByteCount))
        {
            number--;
        }

        if (number >= Most)
        {
            throw ThrowHelper.ArenaHasNoPosition();
        }

        _named = _pages;

        // The pages after it are of the same room if their limits say so.
        _roomStart = _pages[number].Start;
        _roomByteCount = nint.Min(_pages[number].ByteCount, (nint)(Most - number) << PageShift);
        _roomPosition = (uint)number << WordBits;
    }

    private struct Page
    {
        public nint Start;

        /// <summary>From here to the end of the room.</summary>
        public nint ByteCount;
    }
}
