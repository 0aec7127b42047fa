namespace NativeBuffers.Metered;

/// <summary>Runs commands from its input, and answers each line with one line.</summary>
/// <remarks>
/// <c>use COUNT BYTES</c> creates and disposes buffers; <c>keep COUNT BYTES</c> creates some and keeps them; <c>refuse</c> has a
/// budget refuse one.
/// </remarks>
public static class Program
{
    private static readonly List<NativeMemoryOwner<byte>> s_kept = [];

    public static void Main()
    {
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words)
            {
                case ["use", var count, var bytes]:
                    Use(int.Parse(count), int.Parse(bytes));
                    break;
                case ["keep", var count, var bytes]:
                    s_kept.AddRange(Enumerable.Range(0, int.Parse(count)).Select(_ => NativeMemoryOwner<byte>.Create(int.Parse(bytes))));
                    break;
                case ["refuse"]:
                    _ = NativeBuffer.TryCreate<byte>(11, out _, NativeAllocator.Malloc.WithLimit(10));
                    break;
                default:
                    throw new InvalidOperationException($"Nobody knows how to {line}.");
            }

            Console.WriteLine("done");
        }
    }

    private static void Use(int count, int bytes)
    {
        for (int i = 0; i < count; i++)
        {
            using NativeBuffer<byte> buffer = NativeBuffer.Create<byte>(bytes);
            buffer.AsSpan()[0] = 1;
        }
    }
}
