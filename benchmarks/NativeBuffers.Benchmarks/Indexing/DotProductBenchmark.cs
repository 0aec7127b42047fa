using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;

namespace NativeBuffers.Benchmarks.Indexing;

/// <summary>Does one loop over two buffers run as fast as over two raw pointers?</summary>
/// <remarks>Once with both lengths as the bound of the loop, once with the second span cut to the length of the first.</remarks>
public class DotProductBenchmark
{
    private const int Passes = 100;

    private int[] _left = [];
    private int[] _right = [];

    [Params(4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _left = [.. Enumerable.Range(0, Length)];
        _right = [.. Enumerable.Range(1, Length)];
    }

    [Benchmark(Description = "NativeBuffer", OperationsPerInvoke = Passes)]
    public int Buffer()
    {
        using var left = NativeBuffer.CreateFrom<int>(_left);
        using var right = NativeBuffer.CreateFrom<int>(_right);
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < left.Length && i < right.Length; i++)
            {
                sum += left[i] * right[i];
            }
        }

        return sum;
    }

    [Benchmark(Description = "NativeBuffer, cut to one length", OperationsPerInvoke = Passes)]
    public int CutBuffer()
    {
        using var left = NativeBuffer.CreateFrom<int>(_left);
        using var right = NativeBuffer.CreateFrom<int>(_right);
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            Span<int> l = left;
            Span<int> r = right.AsSpan(0, l.Length);
            for (int i = 0; i < l.Length; i++)
            {
                sum += l[i] * r[i];
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
            // SAFETY: every index is below the length of both halves, and the block is not used after the free.
            int* left = (int*)NativeMemory.Alloc((nuint)length * 2, sizeof(int));
            try
            {
                int* right = left + length;
                _left.CopyTo(new Span<int>(left, length));
                _right.CopyTo(new Span<int>(right, length));
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int i = 0; i < length; i++)
                    {
                        sum += left[i] * right[i];
                    }
                }
            }
            finally
            {
                NativeMemory.Free(left);
            }
        }

        return sum;
    }

    [Benchmark(Description = "Array", OperationsPerInvoke = Passes)]
    public int Array()
    {
        int[] left = _left;
        int[] right = _right;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < left.Length && i < right.Length; i++)
            {
                sum += left[i] * right[i];
            }
        }

        return sum;
    }

    [Benchmark(Description = "Span", OperationsPerInvoke = Passes)]
    public int Span()
    {
        Span<int> left = _left;
        Span<int> right = _right;
        int sum = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            for (int i = 0; i < left.Length && i < right.Length; i++)
            {
                sum += left[i] * right[i];
            }
        }

        return sum;
    }
}
