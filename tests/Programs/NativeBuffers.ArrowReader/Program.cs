using System.Globalization;
using Apache.Arrow;
using NativeBuffers.Arrow;

namespace NativeBuffers.ArrowReader;

/// <summary>Reads a record batch from a shared memory, and prints the sum of its first column, again for each line of its input.</summary>
public static class Program
{
    public static void Main(string[] args)
    {
        using var reader = new SharedArrowReader(args[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var numbers = (Int64Array)reader.ReadNext()!.Column(0);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        do
        {
            long sum = 0;
            foreach (long number in numbers.Values)
            {
                sum += number;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{numbers.Length} {sum} {allocated}"));
        }
        while (Console.ReadLine() is not null);
    }
}
