using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.Regions;

/// <summary>The users of a mapped file, and its lifetime.</summary>
[Collection(ProcessWide.Name)]
[CorrectProgram]
public sealed class MappedFileLifetimeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Disposed_it_is_unmapped_and_closed_at_once()
    {
        string path = _folder.FileOf(new byte[100]);
        for (int i = 0; i < 10; i++)
        {
            var file = MappedFile<byte>.Open(path);
            Assert.False(file.IsDisposed);
            AssertOpen(1, path);
            file.Dispose();
            file.Dispose();
            AssertOpen(0, path);
            Assert.Equal((true, 0, path), (file.IsDisposed, file.Length, file.Path));
            Assert.Throws<ObjectDisposedException>(() => file.Borrow().Dispose());
            Assert.Throws<ObjectDisposedException>(() => file.BorrowReadOnly().Dispose());
            Assert.Throws<ObjectDisposedException>(() => file.Resize(5));
            Assert.Throws<ObjectDisposedException>(() => file.AsStream());
        }
    }

    [Fact]
    public void Disposed_while_borrowed_it_is_closed_when_the_borrow_ends()
    {
        string path = _folder.FileOf(new byte[100]);
        var file = MappedFile<byte>.Open(path);
        using (Borrow<byte> borrow = file.Borrow())
        {
            OtherThread.Run(file.Dispose);
            Assert.Throws<ObjectDisposedException>(() => file.Borrow().Dispose());
            AssertOpen(1, path);
            borrow[99] = 5;
        }

        AssertOpen(0, path);
        Assert.Equal(5, File.ReadAllBytes(path)[99]);
    }

    [Fact]
    public void Disposed_while_streamed_it_is_closed_when_the_stream_is()
    {
        string path = _folder.FileOf([1, 2, 3]);
        var file = MappedFile<byte>.Open(path);
        using (UnmanagedMemoryStream stream = file.AsStream())
        {
            file.Dispose();
            AssertOpen(1, path);
            Assert.Equal((1, 3), (stream.ReadByte(), stream.Length));
            stream.WriteByte(9);
            Assert.Throws<NotSupportedException>(() => stream.SetLength(4));
            stream.Position = 3;
            Assert.Throws<NotSupportedException>(() => stream.WriteByte(1));
            stream.Dispose();
            AssertOpen(0, path);
            Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
        }

        Assert.Equal([1, 9, 3], File.ReadAllBytes(path));
    }

    [Fact]
    public void Forgotten_it_is_unmapped_and_closed()
    {
        string path = _folder.FileOf(new byte[100]);
        long before = NativeMemoryTracker.AbandonedCount;
        Forget(path);
        Assert.True(Collector.Until(() => OpenFiles.DescriptorsOf(path) == 0));
        AssertOpen(0, path);
        Assert.InRange(NativeMemoryTracker.AbandonedCount, before + 10, long.MaxValue);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(string path)
        {
            // All are kept until they are counted, because other tests collect.
            MappedFile<byte>[] files = [.. Enumerable.Range(0, 10).Select(_ => MappedFile<byte>.Open(path))];
            files[0].Resize(200);
            foreach (MappedFile<byte> file in files)
            {
                using Borrow<byte> borrow = file.Borrow();
                borrow[0]++;
            }

            AssertOpen(10, path);
            GC.KeepAlive(files);
        }
    }

    [Fact]
    public void A_forgotten_stream_closes_the_file_of_a_disposed_owner()
    {
        string path = _folder.FileOf(new byte[100]);
        Forget(path);
        Assert.True(Collector.Until(() => OpenFiles.DescriptorsOf(path) == 0));
        AssertOpen(0, path);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(string path)
        {
            using var file = MappedFile<byte>.Open(path);
            Assert.Equal(0, file.AsStream().ReadByte());
        }
    }

    [Fact]
    public void Growth_raced_with_borrows_and_streams_leaves_each_with_one_length_and_its_elements()
    {
        const int least = 100;
        string path = _folder.FileOf([]);
        using var file = MappedFile<long>.Open(path);
        file.Resize(least);
        using (Borrow<long> borrow = file.Borrow())
        {
            borrow.Span.Fill(7);
        }

        var race = new Race();
        race.Run(Resize, Borrow, Borrow, Stream);
        Assert.InRange(file.Length, least, 10_000);

        void Resize(Random random) => Try(() => file.Resize(random.Next(least, 10_000)));

        void Borrow(Random random) => Try(() =>
        {
            using Borrow<long> borrow = file.Borrow();
            Assert.Equal(-1, borrow.Span[..least].IndexOfAnyExcept(7));
            Assert.Equal(-1, borrow.Span[least..].IndexOfAnyExcept(0));
            borrow[^1] = borrow.Length == least ? 7 : 0;
        });

        void Stream(Random random) => Try(() =>
        {
            using UnmanagedMemoryStream stream = file.AsStream();
            stream.Position = stream.Length - 8;
            Assert.Equal(stream.Length == least * 8 ? 7 : 0, stream.ReadByte());
        });

        void Try(Action use)
        {
            try
            {
                use();
            }
            catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
            {
                // Another thread was in.
            }
        }
    }

    private static void AssertOpen(int count, string path)
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal((count, count), (OpenFiles.DescriptorsOf(path), OpenFiles.MappingsOf(path)));
        }
    }
}
