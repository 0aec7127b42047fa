using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Indexing;

/// <summary>Does a counted loop that writes every element run as fast over a buffer as over a raw pointer?</summary>
public class FillBenchmark
{
    private const int Passes = 100;

    private int[] _numbers = [];

    [Params(4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup() => _numbers = new int[Length];

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Passes)]
    public int Buffer()
    {
        using var numbers = NativeBuffer.CreateUninitialized<int>(Length);
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = i + pass;
            }
        }

        return numbers[^1];
    }

    [Benchmark(Description = "Pointer", OperationsPerInvoke = Passes, Baseline = true)]
    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    public int RawPointer()
    {
        int length = Length;
        unsafe
        {
            // SAFETY: every index is below the length that was allocated, and the block is not used after the free.
            int* numbers = (int*)NativeMemory.Alloc((nuint)length, sizeof(int));
            try
            {
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        numbers[i] = i + pass;
                    }
                }

                return numbers[length - 1];
            }
            finally
            {
                NativeMemory.Free(numbers);
            }
        }
    }

    [Benchmark(Description = "Array", OperationsPerInvoke = Passes)]
    public int Array()
    {
        int[] numbers = _numbers;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = i + pass;
            }
        }

        return numbers[^1];
    }

    [Benchmark(Description = "Span", OperationsPerInvoke = Passes)]
    public int Span()
    {
        Span<int> numbers = _numbers;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = i + pass;
            }
        }

        return numbers[^1];
    }
}
