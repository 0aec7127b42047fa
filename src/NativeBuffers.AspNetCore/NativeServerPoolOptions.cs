namespace NativeBuffers.AspNetCore;

/// <summary>The settings of the server's memory pool: see <see cref="NativeServerMemory"/>.</summary>
/// <example>
/// <code>
/// builder.Services.AddNativeMemoryPool(options =>
/// {
///     options.LimitBytes = 512 &lt;&lt; 20;
///     options.IdleAfter = TimeSpan.FromSeconds(5);
/// });
/// </code>
/// </example>
public sealed class NativeServerPoolOptions
{
    /// <summary>The name of the budget of the pool's memory, for messages, metrics and reports.</summary>
    /// <exception cref="ArgumentException">The value is null or empty.</exception>
    public string Name
    {
        get;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            field = value;
        }
    } = "Server";

    /// <summary>
    /// The most bytes that the pools of the server have at a time, rented or kept: a quarter of the memory that the collector may use, unless set. No
    /// thread passes it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 MiB.</exception>
    public long LimitBytes
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1 << 20);
            field = value;
        }
    } = long.Max(1 << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);

    /// <summary>Blocks that were not needed for this time go back to the system: 4 seconds unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 100 milliseconds, or more than a day.</exception>
    public TimeSpan IdleAfter
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromMilliseconds(100));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(1));
            field = value;
        }
    } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Whether requests and connections beyond the limit are held off: requests get status 503, and connections wait to be accepted. True
    /// unless set. Without it, a rental beyond the limit throws, and Kestrel ends the connection.
    /// </summary>
    public bool HoldsOff { get; set; } = true;

    /// <summary>
    /// The room for the response and the pipes of one request, in bytes; 96 KiB unless set. The most requests at a time are half of
    /// the limit divided by this.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 8 KiB.</exception>
    public int RequestBytes
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 8 * 1024);
            field = value;
        }
    } = 96 * 1024;

    /// <summary>
    /// The room for what one client sends, in bytes; null to follow the limit: from 32 KiB to 1 MiB. Half of it may wait to be read, because
    /// the blocks are not always full. The most connections at a time are half of the limit divided by this and 8 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 32 KiB, the size of the headers that Kestrel takes.</exception>
    public int? ConnectionBytes
    {
        get;
        set
        {
            if (value is { } bytes)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 32 * 1024, nameof(value));
            }

            field = value;
        }
    }

    /// <summary>The time that a refused client is asked to wait, in the header <c>Retry-After</c>: one second unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative, or more than a day.</exception>
    public TimeSpan RetryAfter
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(1));
            field = value;
        }
    } = TimeSpan.FromSeconds(1);

    /// <summary><see cref="ConnectionBytes"/>, chosen by the limit if it is null.</summary>
    internal int BytesOfConnection => ConnectionBytes ?? (int)long.Clamp(LimitBytes / 32_768, 32 * 1024, 1 << 20);

    /// <summary>The most requests that run at a time.</summary>
    internal int MostRequests => MostOf(RequestBytes);

    /// <summary>Whether each half of the limit has room for one request, and for one connection.</summary>
    internal bool HasRoom => !HoldsOff || (RequestBytes <= LimitBytes / 2 && BytesOfConnection <= LimitBytes / 2);

    /// <summary>The number of users of this size for which half the limit has room.</summary>
    internal int MostOf(long byteCount) => HoldsOff ? (int)long.Clamp(LimitBytes / 2 / byteCount, 1, int.MaxValue) : int.MaxValue;
}
