using System.Runtime.CompilerServices;
using NativeBuffers.Platform.MacOS;
using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Tests.Platform;

/// <summary>The meaning of error numbers, on each system.</summary>
public sealed class SystemErrorTests
{
    [Theory]
    [InlineData((int)SystemKind.Linux, 28, true)]
    [InlineData((int)SystemKind.Linux, 122, true)]
    [InlineData((int)SystemKind.Linux, 24, true)]
    [InlineData((int)SystemKind.Linux, 12, true)]
    [InlineData((int)SystemKind.Linux, 13, false)]
    [InlineData((int)SystemKind.Linux, 16, false)]
    [InlineData((int)SystemKind.Linux, 95, false)]
    [InlineData((int)SystemKind.MacOS, 69, true)]
    [InlineData((int)SystemKind.MacOS, 122, false)]
    [InlineData((int)SystemKind.Windows, 112, true)]
    [InlineData((int)SystemKind.Windows, 5, false)]
    public void Exhausted_memory_and_impossible_requests_give_different_exceptions(int system, int error, bool isShortage) =>
        Assert.Equal(isShortage, SystemError.IsShortage(error, (SystemKind)system));

    [Theory]
    [InlineData((int)SystemKind.Windows, 8, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Windows, 14, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Windows, 1450, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Windows, 1454, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Windows, 1455, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Windows, 1449, typeof(IOException))]
    [InlineData((int)SystemKind.Windows, 1456, typeof(IOException))]
    [InlineData((int)SystemKind.Windows, 2, typeof(FileNotFoundException))]
    [InlineData((int)SystemKind.Windows, 3, typeof(FileNotFoundException))]
    [InlineData((int)SystemKind.Windows, 5, typeof(UnauthorizedAccessException))]
    [InlineData((int)SystemKind.Windows, 11, typeof(IOException))]
    [InlineData((int)SystemKind.Windows, 12, typeof(IOException))]
    [InlineData((int)SystemKind.Linux, 12, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Linux, 11, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.Linux, 35, typeof(IOException))]
    [InlineData((int)SystemKind.Linux, 2, typeof(FileNotFoundException))]
    [InlineData((int)SystemKind.Linux, 1, typeof(UnauthorizedAccessException))]
    [InlineData((int)SystemKind.Linux, 13, typeof(UnauthorizedAccessException))]
    [InlineData((int)SystemKind.Linux, 28, typeof(IOException))]
    [InlineData((int)SystemKind.MacOS, 12, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.MacOS, 35, typeof(OutOfMemoryException))]
    [InlineData((int)SystemKind.MacOS, 11, typeof(IOException))]
    [InlineData((int)SystemKind.MacOS, 8, typeof(IOException))]
    [InlineData((int)SystemKind.MacOS, 3, typeof(IOException))]
    public void A_number_becomes_the_exception_that_the_platform_uses(int system, int error, Type exception)
    {
        Exception fault = SystemError.Of(error, "The subject", (SystemKind)system);
        Assert.IsType(exception, fault);
        Assert.StartsWith("The subject: ", fault.Message);
    }

    [Fact]
    public void A_missing_feature_of_a_macOS_file_system_is_no_failure()
    {
        Assert.All([45, 25, 22], static error => Assert.True(MacFiles.IsNotOffered(error)));
        Assert.All([0, 5, 28, 69], static error => Assert.False(MacFiles.IsNotOffered(error)));
    }

    [Fact]
    public void The_request_for_room_on_macOS_is_laid_out_as_the_system_reads_it()
    {
        MacCalls.FStore room = new(77);
        Assert.Equal(32, Unsafe.SizeOf<MacCalls.FStore>());
        long[] words = new long[4];
        Unsafe.As<long, MacCalls.FStore>(ref words[0]) = room;
        Assert.Equal([(3L << 32) | 4, 0, 77, 0], words);
    }
}
