using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Indexing;

/// <summary>What does the one bounds check cost that no compiler can remove: an index that is itself read from memory?</summary>
public class GatherBenchmark
{
    private const int Passes = 100;

    private int[] _numbers = [];
    private int[] _indices = [];

    [Params(4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _numbers = [.. Enumerable.Range(0, Length)];
        _indices = [.. Enumerable.Range(0, Length)];
        new Random(1).Shuffle(_indices);
    }

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Passes)]
    public int Buffer()
    {
        using var numbers = NativeBuffer.CreateFrom<int>(_numbers);
        using var indices = NativeBuffer.CreateFrom<int>(_indices);
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < indices.Length; i++)
            {
                sum += numbers[indices[i]];
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
            // SAFETY: every index, and every number used as one, is below the length of both halves; the block is not used after the free.
            int* numbers = (int*)NativeMemory.Alloc((nuint)length * 2, sizeof(int));
            try
            {
                int* indices = numbers + length;
                _numbers.CopyTo(new Span<int>(numbers, length));
                _indices.CopyTo(new Span<int>(indices, length));
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        sum += numbers[indices[i]];
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
        int[] indices = _indices;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < indices.Length; i++)
            {
                sum += numbers[indices[i]];
            }
        }

        return sum;
    }

    [Benchmark(Description = "Span", OperationsPerInvoke = Passes)]
    public int Span()
    {
        Span<int> numbers = _numbers;
        Span<int> indices = _indices;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < indices.Length; i++)
            {
                sum += numbers[indices[i]];
            }
        }

        return sum;
    }
}
