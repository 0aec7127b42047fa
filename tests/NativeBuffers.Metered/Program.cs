using System.Diagnostics;

namespace NativeBuffers.Metered;

/// <summary>Uses the library as it is told, and answers each line with one.</summary>
/// <remarks>
/// <c>use COUNT BYTES</c> creates and disposes buffers; <c>refuse</c> counts a refusal. With the argument <c>first</c>, it
/// only says how long the first buffer took, in microseconds, and the second.
/// </remarks>
public static class Program
{
    public static void Main(string[] arguments)
    {
        if (arguments is ["first"])
        {
            Console.WriteLine($"{Time():F1} {Time():F1}");
            return;
        }

        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words)
            {
                case ["use", var count, var bytes]:
                    Use(int.Parse(count), int.Parse(bytes));
                    break;
                case ["refuse"]:
                    Tally.Count(Happening.BudgetRefusal, static () => "A budget of 10 bytes has refused 11.");
                    break;
                default:
                    throw new ArgumentException($"Nobody knows how to {line}.", nameof(arguments));
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

    private static double Time()
    {
        long start = Stopwatch.GetTimestamp();
        Use(1, 100);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }
}
