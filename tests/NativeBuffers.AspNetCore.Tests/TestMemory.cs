using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>The memory of a server, for pools without a server. Nothing is freed by time.</summary>
internal static class TestMemory
{
    public static NativeServerMemory Make(long limit, ILoggerFactory? loggers = null) => new(
        Options.Create(new NativeServerPoolOptions { Name = "Test", LimitBytes = limit, IdleAfter = TimeSpan.FromHours(1) }), loggers ?? NullLoggerFactory.Instance);
}
