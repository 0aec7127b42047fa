using NativeBuffers.Platform;
using NativeBuffers.Primitives;

namespace NativeBuffers.Regions;

/// <summary>A named section that this process is in, and the mapping of it, which is one block.</summary>
/// <param name="section">Open; left with the block.</param>
/// <param name="name">The section's.</param>
internal sealed class SharedSection(SafeHandle section, string name) : MappedBlock(name)
{
    /// <inheritdoc/>
    internal override string Family => "SharedMemory";

    /// <summary>Maps the section. The block is then freed by this.</summary>
    /// <safety>Called once, with no more bytes than the section has.</safety>
    /// <exception cref="OutOfMemoryException">There is no room for the mapping.</exception>
    public unsafe Block Map(nuint byteCount)
    {
        void* start = byteCount == 0 ? Nowhere : Host.Sharing.Map(section, byteCount);
        return start != null ? new Block(start, byteCount) : throw ThrowHelper.OutOfMemory(byteCount, this);
    }

    /// <summary>Throws when another process has made the section shorter than its mapping. Memory after its end must not be touched.</summary>
    /// <safety>The block is borrowed.</safety>
    /// <exception cref="EndOfStreamException">The section is shorter.</exception>
    public unsafe void ThrowIfCut(nuint byteCount)
    {
        nuint found = Host.Sharing.ByteCountOf(section, byteCount);
        if (found < byteCount)
        {
            throw new EndOfStreamException(
                $"The shared memory '{Name}' was {byteCount:N0} bytes long when it was opened, and has {found:N0} now: another process has cut its file.");
        }
    }

    /// <summary>Leaves a section that has no mapping.</summary>
    public void Leave() => Host.Sharing.Leave(section, Name);

    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        if (byteCount != 0)
        {
            Host.Sharing.Unmap(block, byteCount);
        }

        Leave();
    }
}
