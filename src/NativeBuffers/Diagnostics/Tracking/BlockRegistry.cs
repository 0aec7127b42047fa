using System.Numerics;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The live blocks, by address. Kept outside of the blocks: no block is another one because it is tracked.</summary>
/// <remarks>
/// In stripes, each with a lock of its own, so that threads seldom meet. A block is taken out before it is freed, so that its
/// address may come back at once. Exact for whoever allocates and frees; who counts or copies while others go on sees each
/// stripe at a moment of its own.
/// </remarks>
/// <param name="stripeCount">A power of two, up to 65,536.</param>
internal sealed class BlockRegistry(int stripeCount)
{
    private readonly RegistryStripe[] _stripes = [.. Enumerable.Range(0, stripeCount).Select(static _ => new RegistryStripe())];
    private readonly int _shift = 63 - BitOperations.Log2((uint)stripeCount);

    /// <summary>What the live blocks have, in bytes.</summary>
    public long ByteCount
    {
        get
        {
            long sum = 0;
            foreach (RegistryStripe stripe in _stripes)
            {
                sum += stripe.ByteCount;
            }

            return sum;
        }
    }

    /// <summary>How many there are.</summary>
    public long Count
    {
        get
        {
            long sum = 0;
            foreach (RegistryStripe stripe in _stripes)
            {
                sum += stripe.Count;
            }

            return sum;
        }
    }

    /// <summary>The upper bits are for the choice of a stripe, those in the middle for the place in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong HashOf(nint address) => (ulong)address * 0x9E3779B97F4A7C15;

    /// <summary>Adds a block; false when memory is exhausted.</summary>
    public bool TryAdd(in BlockRecord record) => StripeOf(record.Address).TryAdd(record);

    /// <summary>Takes a block out; false when it is not here. Cannot fail otherwise.</summary>
    public bool TryRemove(nint address, int allocatorId, out BlockRecord record) =>
        StripeOf(address).TryRemove(address, allocatorId, out record);

    /// <summary>All that are live.</summary>
    public List<BlockRecord> Copy()
    {
        List<BlockRecord> list = [];
        foreach (RegistryStripe stripe in _stripes)
        {
            stripe.CopyTo(list);
        }

        return list;
    }

    // In two steps: one of 64 would be none, and that is what a single stripe needs.
    private RegistryStripe StripeOf(nint address) => _stripes[(int)(HashOf(address) >> 1 >> _shift)];
}
