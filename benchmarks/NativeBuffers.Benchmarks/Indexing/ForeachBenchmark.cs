using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Indexing;

/// <summary>Does <c>foreach</c> by reference, which changes every element, run as fast over a buffer as a pointer that walks?</summary>
public class ForeachBenchmark
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
        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (ref int number in numbers.AsSpan())
            {
                number += pass;
            }
        }

        return numbers[^1];
    }

    [Benchmark(Description = "Pointer", OperationsPerInvoke = Passes, Baseline = true)]
    public int RawPointer()
    {
        int length = Length;
        unsafe
        {
            // SAFETY: the pointer stops at the end of the block, and the block is not used after the free.
            int* numbers = (int*)NativeMemory.Alloc((nuint)length, sizeof(int));
            try
            {
                _numbers.CopyTo(new Span<int>(numbers, length));
                int* end = numbers + length;
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int* number = numbers; number < end; number++)
                    {
                        *number += pass;
                    }
                }

                return end[-1];
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
                numbers[i] += pass;
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
            foreach (ref int number in numbers)
            {
                number += pass;
            }
        }

        return numbers[^1];
    }
}
