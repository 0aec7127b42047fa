namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>Threads that use a guard at the same time, each with its own blocks.</summary>
internal static class GuardStress
{
    public static Task RunAsync(NativeAllocator guard, int rounds) =>
        Task.WhenAll(Enumerable.Range(1, 4).Select(seed => Task.Run(() => Work(guard, rounds, seed))));

    private static unsafe void Work(NativeAllocator guard, int rounds, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < rounds; i++)
        {
            nuint size = (nuint)random.Next(10_000);
            byte* block = (byte*)guard.Allocate(size);
            new Span<byte>(block, (int)size).Fill((byte)seed);
            block = (byte*)guard.Resize(block, size, size + 100);
            Assert.Equal(-1, new Span<byte>(block, (int)size).IndexOfAnyExcept((byte)seed));
            guard.Free(block, size + 100);
        }
    }
}
