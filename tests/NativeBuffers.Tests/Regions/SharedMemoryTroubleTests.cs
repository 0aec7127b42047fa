using Microsoft.Win32.SafeHandles;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.Tests.Regions;

/// <summary>Shared memory whose other users break the rules.</summary>
[Collection(ProcessWide.Name)]
[Slow]
public sealed class SharedMemoryTroubleTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    private readonly string _name = $"test-{Guid.NewGuid():N}";

    public SharedMemoryTroubleTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "There it is a file.");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string FilePath => $"/dev/shm/NativeBuffers-{_name}";

    [Fact]
    public async Task A_process_that_is_stopped_while_it_removes_the_name_is_waited_for_some_seconds()
    {
        using SafeFileHandle held = Hold();
        try
        {
            Assert.Throws<FileNotFoundException>(() => SharedMemory<int>.Open(_name));

            // A wait that never ends is a TimeoutException here.
            Action[] creations = [() => SharedMemory<int>.OpenOrCreate(_name, 10), () => SharedMemory<int>.Create(_name, 10)];
            Task[] waiting = [.. creations.Select(static create => Task.Run(create, Stop).WaitAsync(s_long, Stop))];
            IOException[] thrown =
                [await Assert.ThrowsAsync<FileNotFoundException>(() => waiting[0]), await Assert.ThrowsAnyAsync<IOException>(() => waiting[1])];
            Assert.All(thrown, exception => Assert.Contains(_name, exception.Message));
            Assert.All(thrown, static exception => Assert.Contains("stopped", exception.Message));

            // Once the name is removed, the next process creates it.
            Task<SharedMemory<int>> creating = Task.Run(() => SharedMemory<int>.OpenOrCreate(_name, 10), Stop);
            await Task.Delay(100, Stop);
            Assert.False(creating.IsCompleted);
            File.Delete(FilePath);
            held.Dispose();
            (await creating.WaitAsync(s_long, Stop)).Dispose();
        }
        finally
        {
            // Lets each waiting call go on.
            File.Delete(FilePath);
        }
    }

    [Fact]
    public void Memory_whose_file_was_cut_lends_nothing()
    {
        using var created = SharedMemory<int>.Create(_name, 10_000);
        using var opened = SharedMemory<int>.Open(_name);
        using (FileStream file = new(FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(20_000);
        }

        foreach (SharedMemory<int> shared in new[] { created, opened })
        {
            string message = Assert.Throws<EndOfStreamException>(() => shared.Borrow().Dispose()).Message;
            Assert.Contains(_name, message);
            Assert.Contains("40,000", message);
            Assert.Contains("20,000", message);
            Assert.Throws<EndOfStreamException>(shared.AsStream);
        }

        using var rest = SharedMemory<int>.Open(_name);
        using Borrow<int> borrow = rest.Borrow();
        Assert.Equal(5000, borrow.Length);
    }

    [Fact]
    public void Halves_of_surrogate_pairs_are_no_names()
    {
        foreach (string name in new[] { "\uD800", "\uDFFF", "a\uDC00\uD800b" })
        {
            foreach (Action use in new Action[]
            {
                () => SharedMemory<int>.Create(name, 1).Dispose(),
                () => SharedMemory<int>.Open(name).Dispose(),
                () => SharedMemory<int>.OpenOrCreate(name, 1).Dispose(),
            })
            {
                Assert.Contains("surrogate", Assert.Throws<ArgumentException>(use).Message);
            }
        }

        SharedMemory<int>.Create($"{_name}-\U0001F600", 1).Dispose();
    }

    /// <summary>A file with the lock that the last process to leave takes while it removes the name.</summary>
    private SafeFileHandle Hold()
    {
        File.WriteAllBytes(FilePath, new byte[40]);
        return File.OpenHandle(FilePath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }
}
