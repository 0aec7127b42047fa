using Microsoft.Extensions.Logging;

namespace NativeBuffers.AspNetCore;

/// <summary>The events that are logged, in the category <c>NativeBuffers</c>.</summary>
internal static partial class ServerLog
{
    public const string Category = "NativeBuffers";

    [LoggerMessage(1, LogLevel.Warning, "A rental of {ByteCount} bytes of the pool of {Owner} was never returned. A finalizer has taken it back.")]
    public static partial void Forgotten(this ILogger logger, int byteCount, string owner);

    [LoggerMessage(2, LogLevel.Error, "A rental of the pool of {Owner} was returned twice. The second return changed nothing.")]
    public static partial void ReturnedTwice(this ILogger logger, string owner);

    [LoggerMessage(3, LogLevel.Warning, "The memory of the server is short: {RentedBytes} of {LimitBytes} bytes are rented, and {RefusedCount} requests were refused until now.")]
    public static partial void Refused(this ILogger logger, long rentedBytes, long limitBytes, long refusedCount);

    [LoggerMessage(4, LogLevel.Debug, "{ByteCount} bytes were not needed, and went back to the system.")]
    public static partial void Evicted(this ILogger logger, long byteCount);

    [LoggerMessage(5, LogLevel.Error, "Idle memory could not be freed.")]
    public static partial void NotEvicted(this ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "{Message}")]
    public static partial void Leak(this ILogger logger, string message);

    [LoggerMessage(7, LogLevel.Error, "{Message}")]
    public static partial void Violation(this ILogger logger, string message);

    [LoggerMessage(8, LogLevel.Warning, "{Message}")]
    public static partial void BudgetRefusal(this ILogger logger, string message);
}
