using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Tests.Regions;

/// <summary>Whole owners, read and written.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public sealed class NativeRandomAccessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<bool> Ways => [false, true];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, 1001)]
    [InlineData(true, 1001)]
    [InlineData(false, (5L << 30) + 1)]
    [InlineData(true, (5L << 30) + 1)]
    public async Task Written_elements_are_read_at_any_offset(bool isAsync, long offset)
    {
        using SafeFileHandle file = Open(isAsync);
        using var source = NativeMemoryOwner<Odd>.Create(12_345);
        Random.Shared.NextBytes(MemoryMarshal.AsBytes(source.GetSpan()));
        await Write(isAsync, file, [source], offset);
        Assert.Equal(offset + (12_345 * 7), RandomAccess.GetLength(file));
        using var target = NativeMemoryOwner<Odd>.Create(12_345);
        Assert.Equal(12_345 * 7, await Read(isAsync, file, [target], offset));
        Assert.Equal(MemoryMarshal.AsBytes(source.GetSpan()), MemoryMarshal.AsBytes(target.GetSpan()));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Several_owners_are_written_one_after_the_other_and_empty_ones_take_no_bytes(bool isAsync)
    {
        using SafeFileHandle file = Open(isAsync);
        NativeMemoryOwner<short>[] sources = [.. new[] { 0, 3, 0, 0, 1, 5000, 0 }.Select(static length => NativeMemoryOwner<short>.Create(length))];
        short next = 1;
        foreach (NativeMemoryOwner<short> source in sources)
        {
            foreach (ref short element in source.GetSpan())
            {
                element = next++;
            }
        }

        await Write(isAsync, file, sources, 0);
        Assert.Equal(5004 * 2, RandomAccess.GetLength(file));
        NativeMemoryOwner<short>[] targets = [.. new[] { 2, 0, 4001, 1001, 0 }.Select(static length => NativeMemoryOwner<short>.Create(length))];
        Assert.Equal(5004 * 2, await Read(isAsync, file, targets, 0));
        Assert.Equal(Enumerable.Range(1, 5004).Select(static i => (short)i), targets.SelectMany(static target => target.GetSpan().ToArray()));
        Array.ForEach([.. sources, .. targets], static owner => owner.Dispose());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Nothing_is_read_into_nothing_and_nothing_written_from_it(bool isAsync)
    {
        using SafeFileHandle file = Open(isAsync);
        using var empty = NativeMemoryOwner<int>.Create(0);
        await Write<int>(isAsync, file, [], 10);
        await Write(isAsync, file, [empty, empty], 10);
        Assert.Equal(0, RandomAccess.GetLength(file));
        Assert.Equal(0, await Read<int>(isAsync, file, [], 10));
        Assert.Equal(0, await Read(isAsync, file, [empty], 10));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task At_the_end_of_the_file_fewer_bytes_are_read_and_the_rest_is_unchanged(bool isAsync)
    {
        using SafeFileHandle file = Open(isAsync);
        RandomAccess.Write(file, new byte[101], 0);
        using var first = NativeMemoryOwner<long>.Create(10);
        using var second = NativeMemoryOwner<long>.Create(10);
        first.GetSpan().Fill(-1);
        second.GetSpan().Fill(-1);
        Assert.Equal(96, await Read(isAsync, file, [first, second], 5));
        Assert.Equal(-1, first.GetSpan().IndexOfAnyExcept(0));
        Assert.Equal([0, 0, -1, -1, -1, -1, -1, -1, -1, -1], second.GetSpan().ToArray());
        Assert.Equal(0, await Read(isAsync, file, [first], 101));
        Assert.Equal(0, await Read(isAsync, file, [first], long.MaxValue / 2));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task More_owners_than_the_system_takes_at_once_are_read_and_written(bool isAsync)
    {
        using SafeFileHandle file = Open(isAsync);
        NativeMemoryOwner<byte>[] owners = [.. Enumerable.Range(0, 2500).Select(static i => NativeMemoryOwner<byte>.CreateFrom([(byte)i]))];
        await Write(isAsync, file, owners, 0);
        Array.ForEach(owners, static owner => owner.GetSpan().Clear());
        Assert.Equal(2500, await Read(isAsync, file, owners, 0));
        Assert.Equal(Enumerable.Range(0, 2500).Select(static i => (byte)i), owners.Select(static owner => owner.GetSpan()[0]));
        Array.ForEach(owners, static owner => owner.Dispose());
    }

    /// <remarks>
    /// Each way has its pieces from the same code, so one way reads and another one writes: each takes seconds. All ways go beyond 2 GiB
    /// of a file in <see cref="Written_elements_are_read_at_any_offset"/>.
    /// </remarks>
    [Fact]
    public async Task Owners_beyond_2_GiB_are_read_and_written_whole()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "There a hole is read, and a file written, without a disk.");
        const long length = (1L << 30) + 77;
        string path = $"/dev/shm/native-buffers-{Guid.NewGuid():N}";
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        RandomAccess.SetLength(file, length * 2);
        RandomAccess.Write(file, [1, 2], 0);
        RandomAccess.Write(file, [3, 4], (length * 2) - 2);
        using var owner = NativeMemoryOwner<short>.Create(length, NativeAllocator.Pages);
        Assert.Equal(length * 2, await Read(isAsync: false, file, [owner], 0));
        Assert.Equal((0x0201, 0x0403), Ends(owner));
        RandomAccess.SetLength(file, 0);
        await Write(isAsync: true, file, [owner], 0);
        Assert.Equal(length * 2, RandomAccess.GetLength(file));
        byte[] end = new byte[2];
        RandomAccess.Read(file, end, (length * 2) - 2);
        Assert.Equal([3, 4], end);

        static (short, short) Ends(NativeMemoryOwner<short> owner)
        {
            using Borrow<short> borrow = owner.Borrow();
            return (borrow[0L], borrow[length - 1]);
        }
    }

    [Fact]
    public async Task A_pipe_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A pipe with a path.");
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using SafeFileHandle reader = File.OpenHandle($"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}");
        using var owner = NativeMemoryOwner<byte>.Create(3);
        Assert.Throws<NotSupportedException>(() => NativeRandomAccess.Read(reader, owner, 0));
        Assert.Throws<NotSupportedException>(() => NativeRandomAccess.Read(reader, [owner, owner], 0));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await NativeRandomAccess.ReadAsync(reader, owner, 0, Stop));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_owner_disposed_in_flight_is_freed_when_the_read_ends_and_not_written_afterwards(bool isAsync)
    {
        const int length = 200 << 20;
        using SafeFileHandle file = Open(isAsync);
        RandomAccess.SetLength(file, length);
        RandomAccess.Write(file, [7], 0);
        using var allocator = new PoisoningAllocator(keepsFreed: true);
        var owner = NativeMemoryOwner<byte>.Create(length, allocator);
        Task<long> reading = isAsync
            ? NativeRandomAccess.ReadAsync(file, owner, 0, Stop).AsTask()
            : Task.Run(() => NativeRandomAccess.Read(file, owner, 0), Stop);
        Assert.True(SpinWait.SpinUntil(() => First(owner) == 7, TimeSpan.FromMinutes(1)));
        owner.Dispose();
        Assert.True(owner.IsDisposed);
        Assert.Equal(length, await reading);
        Assert.Equal(1, allocator.FreedBlocks);
        Assert.True(allocator.IsFreedMemoryUntouched);

        static byte First(NativeMemoryOwner<byte> owner)
        {
            using Borrow<byte> borrow = owner.Borrow();
            return Volatile.Read(ref borrow[0]);
        }
    }

    [Fact]
    public async Task Cancelled_it_ends_and_lets_go_of_the_memory()
    {
        using SafeFileHandle file = Open(isAsync: true);
        using var owner = NativeMemoryOwner<byte>.Create(1000);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await NativeRandomAccess.ReadAsync(file, owner, 0, new CancellationToken(canceled: true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await NativeRandomAccess.WriteAsync(file, owner, 0, new CancellationToken(canceled: true)));
        Assert.Equal(0, RandomAccess.GetLength(file));
        owner.Resize(5);

        // Between two pieces.
        RandomAccess.SetLength(file, 512L << 20);
        using var large = NativeMemoryOwner<byte>.Create(512L << 20, NativeAllocator.Pages);
        using var cancellation = new CancellationTokenSource();
        Task<long> reading = NativeRandomAccess.ReadAsync(file, large, 0, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
        large.Resize(5);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Wrong_arguments_are_refused_and_nothing_stays_pinned(bool isAsync)
    {
        using SafeFileHandle file = Open(isAsync);
        using var owner = NativeMemoryOwner<int>.Create(10);
        var disposed = NativeMemoryOwner<int>.Create(10);
        disposed.Dispose();
        SafeFileHandle closed = File.OpenHandle(_folder.File(), share: FileShare.ReadWrite);
        closed.Dispose();
        using SafeFileHandle reader = File.OpenHandle(_folder.File(), share: FileShare.ReadWrite);
        using SafeFileHandle writer = File.OpenHandle(_folder.File(), access: FileAccess.Write, share: FileShare.ReadWrite);
        RandomAccess.Write(file, new byte[100], 0);
        await Assert.ThrowsAsync<ArgumentNullException>(() => Read<int>(isAsync, null!, [owner], 0));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Write<int>(isAsync, file, null!, 0));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Read<int>(isAsync, file, [owner, null!], 0));
        Assert.Throws<ArgumentNullException>(() => NativeRandomAccess.Read<int>(file, (NativeMemoryOwner<int>)null!, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Read(isAsync, file, [owner], -1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Write(isAsync, file, [owner], -1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Read(isAsync, file, [owner, disposed], 0));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(isAsync, file, [disposed], 0));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Read(isAsync, closed, [owner], 0));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => Write(isAsync, reader, [owner], 0));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => Read(isAsync, writer, [owner], 0));
        owner.Resize(11);
    }

    private SafeFileHandle Open(bool isAsync) =>
        File.OpenHandle(
            _folder.File(), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, isAsync ? FileOptions.Asynchronous : FileOptions.None);

    private static async Task<long> Read<T>(bool isAsync, SafeFileHandle file, NativeMemoryOwner<T>[] owners, long offset)
        where T : unmanaged => (isAsync, owners) switch
        {
            (false, [{ } owner]) => NativeRandomAccess.Read(file, owner, offset),
            (false, _) => NativeRandomAccess.Read(file, owners, offset),
            (true, [{ } owner]) => await NativeRandomAccess.ReadAsync(file, owner, offset, Stop),
            (true, _) => await NativeRandomAccess.ReadAsync(file, owners, offset, Stop),
        };

    private static async Task Write<T>(bool isAsync, SafeFileHandle file, NativeMemoryOwner<T>[] owners, long offset)
        where T : unmanaged
    {
        switch (isAsync, owners)
        {
            case (false, [{ } owner]):
                NativeRandomAccess.Write(file, owner, offset);
                break;
            case (false, _):
                NativeRandomAccess.Write(file, owners, offset);
                break;
            case (true, [{ } owner]):
                await NativeRandomAccess.WriteAsync(file, owner, offset, Stop);
                break;
            default:
                await NativeRandomAccess.WriteAsync(file, owners, offset, Stop);
                break;
        }
    }

    /// <summary>Seven bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct Odd
    {
        public int First;
        public short Second;
        public byte Third;
    }
}
