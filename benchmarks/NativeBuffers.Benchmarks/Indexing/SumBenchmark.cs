using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Indexing;

/// <summary>Does a counted loop that reads every element run as fast over a buffer as over a raw pointer?</summary>
public class SumBenchmark
{
    private const int Passes = 100;

    private int[] _numbers = [];

    [Params(4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup() => _numbers = [.. Enumerable.Range(0, Length)];

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Passes)]
    public int Buffer()
    {
        using var numbers = NativeBuffer.CreateFrom<int>(_numbers);
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                sum += numbers[i];
            }
        }

        return sum;
    }

    [Benchmark(Description = "Pointer", OperationsPerInvoke = Passes, Baseline = true)]
    public int RawPointer()
    {
        int length = Length;
        int sum = 0;
        unsafe
        {
            // SAFETY: every index is below the length that was allocated, and the block is not used after the free.
            int* numbers = (int*)NativeMemory.Alloc((nuint)length, sizeof(int));
            try
            {
                _numbers.CopyTo(new Span<int>(numbers, length));
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        sum += numbers[i];
                    }
                }
            }
            finally
            {
                NativeMemory.Free(numbers);
            }
        }

        return sum;
    }

    [Benchmark(Description = "Array", OperationsPerInvoke = Passes)]
    public int Array()
    {
        int[] numbers = _numbers;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                sum += numbers[i];
            }
        }

        return sum;
    }

    [Benchmark(Description = "Span", OperationsPerInvoke = Passes)]
    public int Span()
    {
        Span<int> numbers = _numbers;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                sum += numbers[i];
            }
        }

        return sum;
    }
}
