namespace NativeBuffers;

/// <summary>The settings of a new pool: see <see cref="NativeMemoryPool{T}"/>.</summary>
/// <example>
/// <code>
/// var options = new NativePoolOptions { Allocator = NativeAllocator.Pages, CachedBytesLimit = 256 &lt;&lt; 20 };
/// </code>
/// </example>
public sealed class NativePoolOptions
{
    /// <summary>The allocator of the pool's blocks; <see cref="NativeAllocator.Default"/> when null.</summary>
    public NativeAllocator? Allocator { get; init; }

    /// <summary>The most bytes that the pool keeps for the next renters: 64 MiB unless set; 0 keeps nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long CachedBytesLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 64 * 1024 * 1024;
}
