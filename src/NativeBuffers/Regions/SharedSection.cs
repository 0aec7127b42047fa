using NativeBuffers.Platform;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>An open section of shared memory and its mapping, which is one block.</summary>
/// <param name="section">Left with the block.</param>
/// <param name="name">The section's name.</param>
internal sealed class SharedSection(SafeHandle section, string name) : MappedBlock(name)
{
    internal override string Family => "SharedMemory";

    /// <summary>Maps the section, which has this byte count. Called once.</summary>
    /// <exception cref="OutOfMemoryException">The address space has no room for the mapping.</exception>
    public void Map(nuint byteCount)
    {
        unsafe
        {
            // SAFETY: the section has byteCount bytes. The mapping lives until this allocator frees the block.
            void* start = byteCount == 0 ? Nowhere : Host.Sharing.Map(section, byteCount);
            Block = start != null ? new Block(start, byteCount) : throw ThrowHelper.OutOfMemory(byteCount, this);
        }
    }

    /// <summary>Leaves a section without a mapping.</summary>
    public void Leave() => Host.Sharing.Leave(section, Name);

    /// <inheritdoc/>
    /// <exception cref="EndOfStreamException">The section is shorter.</exception>
    protected override unsafe void ThrowIfCut(nuint byteCount)
    {
        nuint found = Host.Sharing.ByteCountOf(section, byteCount);
        if (found < byteCount)
        {
            throw new EndOfStreamException(
                $"The shared memory '{Name}' was {byteCount:N0} bytes long when it was opened, and has {found:N0} now: another process has cut its file.");
        }
    }

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (byteCount != 0)
        {
            Host.Sharing.Unmap(block, byteCount);
        }

        Leave();
    }
}
