namespace NativeBuffers.ApiCheck;

/// <summary>Regions, files and shared memory: the parts with code of their own for each system.</summary>
internal static class SystemChecks
{
    public static (string Name, Action Run)[] All =>
    [
        ("pages are reserved, committed, protected and given back", Region),
        ("a buffer grows and never moves", StableBuffer),
        ("a mapped file is written, grown and read", MappedFile),
        ("a missing file is missing", MissingFile),
        ("two names of one shared memory", SharedMemory),
        ("an owner is written to a file and read from it", RandomAccess),
        ("large blocks come and go", LargeBlocks),
        ("blocks of pages are zero again", Pages),
    ];

    private static void Region()
    {
        using var region = NativeRegion.Reserve(1L << 30);
        long page = region.PageByteCount;
        region.Commit(0, 4 * page);
        using (Borrow<byte> borrow = region.Borrow<byte>(0, 4 * page))
        {
            borrow.Span.Fill(1);
        }

        region.Protect(0, page, PageAccess.Read);
        using (ReadOnlyBorrow<byte> borrow = region.BorrowReadOnly<byte>(0, page))
        {
            Check.That(borrow[^1] == 1);
        }

        Check.Throws<InvalidOperationException>(() => region.Borrow<byte>(0, page).Dispose());
        region.Decommit(0, 4 * page);
        region.Commit(0, page);
        using Borrow<byte> again = region.Borrow<byte>(0, page);
        Check.That(region.CommittedByteCount == page && again[0] == 0);
    }

    private static void StableBuffer()
    {
        using var buffer = StableBuffer<long>.Reserve(1L << 27);
        buffer.Resize(1000);
        using (Borrow<long> borrow = buffer.Borrow())
        {
            borrow[999] = 42;
            buffer.Resize(100_000);
        }

        using Borrow<long> after = buffer.Borrow();
        Check.That(after.Length == 100_000 && after[999] == 42);
    }

    private static void MappedFile()
    {
        string folder = Directory.CreateTempSubdirectory("nativebuffers-check-").FullName;
        string path = Path.Combine(folder, "file");
        try
        {
            using (var file = MappedFile<int>.Create(path, 1000))
            {
                using (Borrow<int> borrow = file.Borrow())
                {
                    borrow[999] = 42;
                }

                file.Resize(2000);
                file.Flush();
            }

            using (var file = MappedFile<int>.OpenRead(path))
            using (ReadOnlyBorrow<int> borrow = file.BorrowReadOnly())
            {
                Check.That(borrow.Length == 2000 && borrow[999] == 42 && borrow[1999] == 0);
            }

            Check.That(new FileInfo(path).Length == 8000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void MissingFile() =>
        Check.Throws<FileNotFoundException>(static () => MappedFile<int>.OpenRead(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())).Dispose());

    private static void SharedMemory()
    {
        string name = $"check-{Environment.ProcessId}";
        using var one = SharedMemory<long>.Create(name, 100);
        using var other = SharedMemory<long>.Open(name);
        using Borrow<long> write = one.Borrow();
        using Borrow<long> read = other.Borrow();
        _ = Interlocked.Add(ref write[99], 42);
        Check.That(Volatile.Read(ref read[99]) == 42);
        Check.Throws<IOException>(() => SharedMemory<long>.Create(name, 100).Dispose());
    }

    private static void RandomAccess()
    {
        string path = Path.GetTempFileName();
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            using var written = NativeMemoryOwner<int>.CreateFrom([1, 2, 3]);
            NativeRandomAccess.Write(handle, written, 4);
            using var read = NativeMemoryOwner<int>.Create(4);
            Check.That(NativeRandomAccess.Read(handle, read, 0) == 16);
            Check.That(read.Memory.Span.SequenceEqual([0, 1, 2, 3]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void LargeBlocks()
    {
        for (int round = 0; round < 4; round++)
        {
            using var owner = NativeMemoryOwner<byte>.Create(5 << 20);
            using (Borrow<byte> borrow = owner.Borrow())
            {
                Check.That(!borrow.Span.ContainsAnyExcept((byte)0));
                borrow.Span.Fill(1);
            }

            owner.Resize(40 << 20);
            using Borrow<byte> grown = owner.Borrow();
            Check.That(grown[(5 << 20) - 1] == 1 && grown[5 << 20] == 0 && grown[^1] == 0);
        }
    }

    private static void Pages()
    {
        for (int round = 0; round < 3; round++)
        {
            using var owner = NativeMemoryOwner<byte>.Create(100_000, NativeAllocator.Pages);
            using Borrow<byte> borrow = owner.Borrow();
            Check.That(!borrow.Span.ContainsAnyExcept((byte)0));
            borrow.Span.Fill(1);
        }
    }
}
