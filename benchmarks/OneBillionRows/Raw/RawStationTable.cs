using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>A worker's stations by name: open addressing, linear probing, never full and never moved.</summary>
/// <remarks>
/// Many more slots than stations: the usual few hundred then hardly ever collide, and each collision costs a
/// mispredicted branch. With 1,024 slots instead of 16,384 an early version took half as long again.
/// </remarks>
internal struct RawStationTable
{
    public const int SlotCount = 1 << SlotBits;
    private const int SlotBits = 15;

    private unsafe void* _slotsBlock;
    private unsafe RawStation* _slots;
    private unsafe int* _used;
    private unsafe byte* _names;
    private int _usedCount;
    private int _nameByteCount;

    public readonly unsafe RawStation* Slots => _slots;

    public static RawStationTable Allocate()
    {
        unsafe
        {
            // SAFETY: a slot more than needed leaves room to align them by hand, as no call both aligns and takes zeroed
            // pages from the system. A station adds to each block once, and at most its longest name.
            void* slotsBlock = NativeMemory.AllocZeroed(SlotCount + 1, (nuint)sizeof(RawStation));
            return new RawStationTable
            {
                _slotsBlock = slotsBlock,
                _slots = (RawStation*)(((nuint)slotsBlock + 63) & ~(nuint)63),
                _used = (int*)NativeMemory.Alloc(LineRules.MaxStationCount, sizeof(int)),
                _names = (byte*)NativeMemory.Alloc(LineRules.MaxStationCount, LineRules.MaxNameByteCount),
            };
        }
    }

    /// <summary>Where the search for this key begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SlotOf(Vector256<byte> key)
    {
        // Four words folded into one, each turned differently, so that equal parts of a name do not cancel out.
        Vector128<uint> folded = (key.GetLower() ^ key.GetUpper()).AsUInt32();
        folded ^= Vector128.Shuffle(folded, Vector128.Create(3u, 2, 1, 0));
        return (folded.AsUInt64().ToScalar() * 0x9E37_79B9_7F4A_7C15) >> (64 - SlotBits);
    }

    /// <summary>Adds to a station that is new or has a long name. False when the name is none.</summary>
    /// <safety>The name's bytes, and a key's length from its start, are readable.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public unsafe bool AddUnknown(byte* name, int nameLength, int tenths)
    {
        if (nameLength is < 1 or > LineRules.MaxNameByteCount)
            return false;

        var text = new ReadOnlySpan<byte>(name, nameLength);
        Vector256<byte> key = Vector256.Load(name);
        ulong slot;
        bool isShort = nameLength < RawStation.KeyByteCount;
        if (isShort)
        {
            key &= Vector256.GreaterThan(Vector256.Create((sbyte)(nameLength + 1)), Vector256<sbyte>.Indices).AsByte();
            slot = SlotOf(key);
        }
        else
        {
            // Kept apart from all short names by a key that no line has: zero.
            slot = LongSlotOf(text);
            key = default;
        }

        RawStation* station = _slots + slot;
        while (station->NameLength != 0 && !(isShort ? station->Key == key : text.SequenceEqual(NameOf(station))))
            station = _slots + (slot = (slot + 1) & (SlotCount - 1));

        // Checked once for a name: a malformed one equals no station's, and so always arrives here.
        if (station->NameLength == 0)
        {
            if (!LineRules.IsName(text))
                return false;
            Claim(slot, key, text);
        }

        station->Count++;
        station->Sum += tenths;
        station->Min = Math.Min(station->Min, tenths);
        station->Max = Math.Max(station->Max, tenths);
        return true;
    }

    /// <summary>Adds the table's stations to the results.</summary>
    public readonly void AddTo(Results results)
    {
        using (results.Enter())
        {
            for (int i = 0; i < _usedCount; i++)
            {
                unsafe
                {
                    // SAFETY: _used holds slots of this table.
                    RawStation* station = _slots + _used[i];
                    results.Add(NameOf(station), new StationSummary(station->Count, station->Sum, station->Min, station->Max));
                }
            }
        }
    }

    public void Free()
    {
        unsafe
        {
            // SAFETY: the worker that allocated them frees them once, at its end; null is fine.
            NativeMemory.Free(_slotsBlock);
            NativeMemory.Free(_used);
            NativeMemory.Free(_names);
            this = default;
        }
    }

    private readonly unsafe ReadOnlySpan<byte> NameOf(RawStation* station) => new(_names + station->NameStart, station->NameLength);

    private static ulong LongSlotOf(ReadOnlySpan<byte> name)
    {
        ulong hash = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(name))
            hash = (hash ^ word) * 0x9E37_79B9_7F4A_7C15;
        hash ^= MemoryMarshal.Read<ulong>(name[^sizeof(ulong)..]);
        return (hash * 0x9E37_79B9_7F4A_7C15) >> (64 - SlotBits);
    }

    private unsafe void Claim(ulong slot, Vector256<byte> key, ReadOnlySpan<byte> name)
    {
        if (_usedCount == LineRules.MaxStationCount)
            throw new TooManyStationsException();

        // SAFETY: fewer than the most stations are in, so there is room for one more in each block.
        name.CopyTo(new Span<byte>(_names + _nameByteCount, LineRules.MaxNameByteCount));
        _used[_usedCount++] = (int)slot;
        _slots[slot] = new RawStation
        {
            Key = key,
            Min = int.MaxValue,
            Max = int.MinValue,
            NameStart = _nameByteCount,
            NameLength = name.Length,
        };
        _nameByteCount += name.Length;
    }
}
