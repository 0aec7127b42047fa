using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using NativeBuffers.Mapping;

namespace NativeBuffers.Tests.Regions;

/// <summary>Memory with a name, in one process and in several.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public sealed class SharedMemoryTests
{
    // Files that were created without a name never show one among the descriptors, so all of the folder count.
    private const string Folder = "/dev/shm/";

    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    private readonly string _name = $"test-{Guid.NewGuid():N}-ünï";

    private string FilePath => $"{Folder}NativeBuffers-{_name}";

    [Fact]
    public void Each_user_reads_the_elements_of_the_other_user()
    {
        using var created = SharedMemory<int>.Create(_name, 1000);
        using var opened = SharedMemory<int>.Open(_name);
        Assert.Equal((_name, 1000, _name, 1000), (created.Name, created.Length, opened.Name, opened.Length));
        using Borrow<int> one = created.Borrow();
        using Borrow<int> other = opened.Borrow();
        Assert.Equal(-1, other.Span.IndexOfAnyExcept(0));
        one[999] = 5;
        Assert.Equal(5, other[999]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_001)]
    public void Any_length_is_kept_exactly(int length)
    {
        using var created = SharedMemory<byte>.Create(_name, length);
        using var opened = SharedMemory<byte>.Open(_name);
        using Borrow<byte> borrow = opened.Borrow();
        Assert.Equal((length, length, length), (created.Length, opened.Length, borrow.Span.Length));
    }

    [Fact]
    public void A_stream_reads_and_writes_and_keeps_the_memory()
    {
        var created = SharedMemory<int>.Create(_name, 100);
        using var opened = SharedMemory<int>.Open(_name);
        using (UnmanagedMemoryStream stream = created.AsStream())
        {
            created.Dispose();
            Assert.Throws<ObjectDisposedException>(created.AsStream);
            Assert.Equal((400, true, true), (stream.Length, stream.CanRead, stream.CanWrite));
            stream.Position = 4 * 99;
            stream.Write([7, 0, 0, 0]);
            Assert.Throws<NotSupportedException>(() => stream.WriteByte(1));
            AssertOpen(2);
        }

        AssertOpen(1);
        using Borrow<int> borrow = opened.Borrow();
        Assert.Equal(7, borrow[99]);
    }

    [Fact]
    public void A_name_is_gone_when_its_last_user_is()
    {
        var created = SharedMemory<int>.Create(_name, 10);
        var opened = SharedMemory<int>.Open(_name);
        AssertOpen(2);
        created.Dispose();
        created.Dispose();
        AssertOpen(1);
        SharedMemory<int>.Open(_name).Dispose();
        Assert.Throws<ObjectDisposedException>(() => created.Borrow().Dispose());
        Assert.Equal((true, 0, false), (created.IsDisposed, created.Length, opened.IsDisposed));
        opened.Dispose();
        AssertOpen(0);
        Assert.Contains(_name, Assert.Throws<FileNotFoundException>(() => SharedMemory<int>.Open(_name)).Message);
        using var again = SharedMemory<int>.Create(_name, 20);
        Assert.Equal(20, again.Length);
    }

    [Fact]
    public void A_name_that_is_in_use_is_not_created_again()
    {
        using (var created = SharedMemory<int>.Create(_name, 10))
        {
            Assert.Contains(_name, Assert.Throws<IOException>(() => SharedMemory<int>.Create(_name, 10)).Message);
            using var opened = SharedMemory<int>.OpenOrCreate(_name, 10);
            created.Dispose();
            Assert.Throws<IOException>(() => SharedMemory<int>.Create(_name, 10));
            AssertOpen(1);
        }

        using var another = SharedMemory<int>.OpenOrCreate(_name, 11);
        Assert.Equal(11, another.Length);
        string message = Assert.Throws<InvalidDataException>(() => SharedMemory<int>.OpenOrCreate(_name, 12)).Message;
        Assert.Contains("11", message);
        Assert.Contains("12", message);
    }

    [Fact]
    public void A_size_that_is_no_whole_number_of_elements_is_refused_and_the_name_stays()
    {
        using (var created = SharedMemory<byte>.Create(_name, 1001))
        {
            string message = Assert.Throws<InvalidDataException>(() => SharedMemory<long>.Open(_name)).Message;
            Assert.Contains("1,001", message);
            Assert.Contains(" 8 ", message);
            AssertOpen(1);
        }

        AssertOpen(0);
    }

    [Fact]
    public void Names_and_lengths_that_cannot_be_are_refused()
    {
        foreach (string name in new[] { "", "a/b", "/a", @"a\b", "a\0b", "a\nb", new string('a', 201), new string('ü', 101) })
        {
            Assert.Throws<ArgumentException>(() => SharedMemory<int>.Create(name, 1));
            Assert.Throws<ArgumentException>(() => SharedMemory<int>.Open(name));
            Assert.Throws<ArgumentException>(() => SharedMemory<int>.OpenOrCreate(name, 1));
        }

        Assert.Throws<ArgumentNullException>(() => SharedMemory<int>.Create(null!, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMemory<int>.Create(_name, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMemory<int>.Create(_name, long.MaxValue));
        Assert.ThrowsAny<OutOfMemoryException>(() => SharedMemory<int>.Create(_name, 1L << 50));
        AssertOpen(0);
        foreach (string name in new[] { ".", "..", "*", "a b", new string('ü', 100) })
        {
            // Another process that runs these tests may have the name for a moment.
            SharedMemory<int>? created = null;
            Assert.True(SpinWait.SpinUntil(() => (created = TryCreate(name)) is not null, s_long), $"'{name}' cannot be created.");
            SharedMemory<int>.Open(name).Dispose();
            created!.Dispose();
        }

        static SharedMemory<int>? TryCreate(string name)
        {
            try
            {
                return SharedMemory<int>.Create(name, 1);
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    [Fact]
    public void Disposed_while_borrowed_it_is_left_when_the_borrow_ends()
    {
        var shared = SharedMemory<int>.Create(_name, 10);
        using (Borrow<int> borrow = shared.Borrow())
        {
            OtherThread.Run(shared.Dispose);
            AssertOpen(1);
            borrow[9] = 5;
            using var other = SharedMemory<int>.Open(_name);
            Assert.Equal(5, ElementOf(other, 9));
        }

        AssertOpen(0);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0001", Justification = "The test forgets the owner.")]
    public void Forgotten_it_is_left()
    {
        for (int i = 0; i < 5; i++)
        {
            Forget(_name);
        }

        Assert.True(Collector.Until(() => OpenFiles.DescriptorsOf(Folder) == 0));
        AssertOpen(0);
        Assert.Throws<FileNotFoundException>(() => SharedMemory<int>.Open(_name));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(string name)
        {
            using Borrow<int> borrow = SharedMemory<int>.OpenOrCreate(name, 10).Borrow();
            borrow[0]++;
        }
    }

    [Fact]
    public void Only_this_user_can_read_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There it is a file.");
        using var shared = SharedMemory<int>.Create(_name, 10);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(FilePath));
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may have another user for its files.");
        OtherUser.Run(() =>
        {
            Assert.Throws<UnauthorizedAccessException>(() => SharedMemory<int>.Open(_name));
            Assert.Throws<IOException>(() => SharedMemory<int>.Create(_name, 10));
        });
    }

    [Fact]
    public void Two_processes_count_together()
    {
        using var shared = SharedMemory<long>.Create(_name, 8);
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("opened 8", companion.Ask($"open {_name}"));
        using Borrow<long> borrow = shared.Borrow();
        companion.Tell("count 1000000");
        for (int i = 0; i < 1_000_000; i++)
        {
            Interlocked.Increment(ref borrow[0]);
        }

        Assert.Equal("counted", companion.Hear());
        Assert.Equal(2_000_000, borrow[0]);
        Assert.Equal("2000000", companion.Ask("get 0"));
    }

    [Fact]
    public void A_process_that_crashes_leaves_the_second_running_and_the_name_is_gone_after_both()
    {
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        Assert.Equal("created", companion.Ask($"create {_name} 8"));
        Assert.Equal("IOException", Assert.Throws<IOException>(() => SharedMemory<long>.Create(_name, 8)).GetType().Name);
        using (var shared = SharedMemory<long>.Open(_name))
        {
            Assert.Equal("set", companion.Ask("set 7 77"));
            companion.Kill();
            using Borrow<long> borrow = shared.Borrow();
            Assert.Equal(77, borrow[7]);
            borrow[7] = 78;
            using var another = SharedMemory<long>.Open(_name);
            Assert.Equal(78, ElementOf(another, 7));
        }

        AssertOpen(0);
    }

    [Theory]
    [InlineData("open")]
    [InlineData("create")]
    [InlineData("create another")]
    public void The_next_process_removes_the_name_of_a_crashed_one(string way)
    {
        using (var companion = ChildProcess.StartProgram(typeof(Program), []))
        {
            Assert.Equal("created", companion.Ask($"create {_name} 8"));
            if (OperatingSystem.IsLinux())
            {
                // Locked, so that no other process that runs these tests is the next one.
                using SafeFileHandle locked = File.OpenHandle(FilePath, FileMode.Open, FileAccess.Read, FileShare.Read);
                companion.Kill();
                Assert.True(File.Exists(FilePath));
            }
            else
            {
                companion.Kill();
            }
        }

        switch (way)
        {
            case "open":
                Assert.Throws<FileNotFoundException>(() => SharedMemory<long>.Open(_name));
                break;
            case "create":
                using (var shared = SharedMemory<long>.Create(_name, 9))
                {
                    Assert.Equal((9, 0), (shared.Length, ElementOf(shared, 7)));
                }

                break;
            default:
                SharedMemory<long>.Create(_name + "-not", 9).Dispose();
                break;
        }

        AssertOpen(0);
    }

    [Fact]
    public void A_process_that_leaves_last_takes_the_name_with_it()
    {
        using var companion = ChildProcess.StartProgram(typeof(Program), []);
        var shared = SharedMemory<long>.Create(_name, 8);
        Assert.Equal("opened 8", companion.Ask($"open {_name}"));
        shared.Dispose();
        Assert.Equal("0", companion.Ask("get 3"));
        Assert.True(File.Exists(FilePath) || !OperatingSystem.IsLinux());
        Assert.Equal("left", companion.Ask("leave"));
        AssertOpen(0);
    }

    [Fact]
    public void Users_that_create_open_and_leave_at_once_have_whole_memory_and_the_last_removes_the_name()
    {
        var race = new Race();
        race.Run(OpenOrCreate, OpenOrCreate, Create, Open);
        AssertOpen(0);

        void OpenOrCreate(Random random) => Use(SharedMemory<long>.OpenOrCreate(_name, 4096), random);

        void Create(Random random)
        {
            try
            {
                Use(SharedMemory<long>.Create(_name, 4096), random);
            }
            catch (IOException)
            {
                // Another process has the name.
            }
        }

        void Open(Random random)
        {
            try
            {
                Use(SharedMemory<long>.Open(_name), random);
            }
            catch (FileNotFoundException)
            {
                // No process has the name.
            }
        }

        // While one user has the name, it is not created again, so all users at one time share the same memory.
        void Use(SharedMemory<long> shared, Random random)
        {
            using (shared)
            {
                Assert.Equal(4096, shared.Length);
                using Borrow<long> borrow = shared.Borrow();
                Interlocked.Increment(ref borrow[0]);
                Thread.SpinWait(random.Next(1000));
                Assert.InRange(borrow[0], 1, 4);
                using (var same = SharedMemory<long>.Open(_name))
                {
                    using Borrow<long> sameBorrow = same.Borrow();
                    int mine = 1 + (Environment.CurrentManagedThreadId % 4000);
                    borrow[mine] = random.NextInt64();
                    Assert.Equal(borrow[mine], sameBorrow[mine]);
                }

                Interlocked.Decrement(ref borrow[0]);
            }
        }
    }

    private static T ElementOf<T>(SharedMemory<T> shared, long index)
        where T : unmanaged
    {
        using Borrow<T> borrow = shared.Borrow();
        return borrow[index];
    }

    private void AssertOpen(int count)
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(count, OpenFiles.DescriptorsOf(Folder));

            // Another process that looks for files of crashed ones may be the one that removes the name, a moment later.
            Assert.True(SpinWait.SpinUntil(() => File.Exists(FilePath) == (count != 0), s_long), $"{FilePath}: {count}");
        }
    }
}
