using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>A worker's stations by name: open addressing, linear probing, never full and never moved.</summary>
/// <remarks>
/// Many more slots than stations: the usual few hundred then hardly ever collide, and each collision costs a
/// mispredicted branch. With 1,024 slots instead of 16,384 an early version took half as long again.
/// The worker owns the memory.
/// </remarks>
internal ref struct StationTable(Span<Station> slots, Span<int> used, Span<byte> names)
{
    public const int SlotCount = 1 << SlotBits;
    public const int NamesLength = LineRules.MaxStationCount * LineRules.MaxNameByteCount;
    private const int SlotBits = 15;

    private readonly Span<Station> _slots = slots;
    private readonly Span<int> _used = used;
    private readonly Span<byte> _names = names;
    private int _usedCount;
    private int _nameByteCount;

    public readonly Span<Station> Slots => _slots;

    /// <summary>Where the search for this key begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SlotOf(Vector256<byte> key)
    {
        // Four words folded into one, each turned differently, so that equal parts of a name do not cancel out.
        Vector128<uint> folded = (key.GetLower() ^ key.GetUpper()).AsUInt32();
        folded ^= Vector128.Shuffle(folded, Vector128.Create(3u, 2, 1, 0));
        return (uint)((folded.AsUInt64().ToScalar() * 0x9E37_79B9_7F4A_7C15) >> 32) >> (32 - SlotBits);
    }

    /// <summary>Adds to a station that is new or has a long name. False when the name is none.</summary>
    /// <param name="text">Begins with the name.</param>
    /// <param name="nameLength">In bytes.</param>
    /// <param name="tenths">The temperature.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool AddUnknown(scoped ReadOnlySpan<byte> text, int nameLength, int tenths)
    {
        if (nameLength is < 1 or > LineRules.MaxNameByteCount)
            return false;

        ReadOnlySpan<byte> name = text[..nameLength];
        Vector256<byte> key = default;
        uint slot;
        bool isShort = nameLength < Station.KeyByteCount;
        if (isShort)
        {
            var length = Vector256.Create((sbyte)(nameLength + 1));
            key = Vector256.Create(text) & Vector256.GreaterThan(length, Vector256<sbyte>.Indices).AsByte();
            slot = SlotOf(key);
        }
        else
        {
            slot = LongSlotOf(name);
        }

        ref Station station = ref _slots[(int)slot];
        while (station.NameLength != 0 && !(isShort ? station.Key == key : name.SequenceEqual(NameOf(station))))
        {
            slot = (slot + 1) & (SlotCount - 1);
            station = ref _slots[(int)slot];
        }

        // Checked once for a name: a malformed one equals no station's, and so always arrives here.
        if (station.NameLength == 0)
        {
            if (!LineRules.IsName(name))
                return false;
            station = Claim((int)slot, key, name);
        }

        station.Count++;
        station.Sum += tenths;
        station.Min = Math.Min(station.Min, tenths);
        station.Max = Math.Max(station.Max, tenths);
        return true;
    }

    /// <summary>Adds the table's stations to the results.</summary>
    public readonly void AddTo(Results results)
    {
        using (results.Enter())
        {
            foreach (int slot in _used[.._usedCount])
            {
                ref readonly Station station = ref _slots[slot];
                results.Add(NameOf(station), new StationSummary(station.Count, station.Sum, station.Min, station.Max));
            }
        }
    }

    private readonly ReadOnlySpan<byte> NameOf(in Station station) => _names.Slice(station.NameStart, station.NameLength);

    private static uint LongSlotOf(ReadOnlySpan<byte> name)
    {
        ulong hash = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(name))
            hash = (hash ^ word) * 0x9E37_79B9_7F4A_7C15;
        hash ^= MemoryMarshal.Read<ulong>(name[^sizeof(ulong)..]);
        return (uint)((hash * 0x9E37_79B9_7F4A_7C15) >> (64 - SlotBits));
    }

    private Station Claim(int slot, Vector256<byte> key, scoped ReadOnlySpan<byte> name)
    {
        if (_usedCount == LineRules.MaxStationCount)
            throw new TooManyStationsException();

        _used[_usedCount++] = slot;
        name.CopyTo(_names[_nameByteCount..]);
        int nameStart = _nameByteCount;
        _nameByteCount += name.Length;
        return new Station { Key = key, Min = int.MaxValue, Max = int.MinValue, NameStart = nameStart, NameLength = name.Length };
    }
}
