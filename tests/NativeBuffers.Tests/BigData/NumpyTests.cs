using System.Numerics.Tensors;
using NativeBuffers.Samples;

namespace NativeBuffers.Tests.BigData;

/// <summary>The samples that read and write files of NumPy and of tensors, without unsafe code; the real NumPy checks them.</summary>
[Slow]
public class NumpyTests
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task Numpy_reads_the_files_of_the_sample()
    {
        using TemporaryFolder folder = new();
        using (NpyFile<float> file = NpyFile<float>.Create(folder.File(), 3, 4))
        {
            using Borrow<float> elements = file.Borrow();
            for (int i = 0; i < elements.Length; i++)
            {
                elements[i] = i / 2f;
            }
        }

        string said = await RunAsync("import sys, numpy; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape, a[2, 3], a.sum())", folder.File());
        Assert.Equal("float32 (3, 4) 5.5 33.0", said);
    }

    [Fact]
    public async Task The_sample_reads_the_files_of_Numpy()
    {
        using TemporaryFolder folder = new();
        _ = await RunAsync(
            """
            import sys, numpy
            numpy.save(sys.argv[1], numpy.arange(24, dtype=numpy.float64).reshape(2, 3, 4) / 4)
            """,
            folder.File("a.npy"));
        using NpyFile<double> file = NpyFile<double>.OpenRead(folder.File("a.npy"));
        Assert.Equal([2, 3, 4], file.Header.Shape);
        using ReadOnlyBorrow<double> elements = file.BorrowReadOnly();
        ReadOnlyTensorSpan<double> tensor = elements.AsTensorSpan(2, 3, 4);
        Assert.Equal((5.75, 69.0), (tensor[1, 2, 3], Tensor.Sum(tensor)));
        Assert.Throws<InvalidDataException>(() => NpyFile<float>.OpenRead(folder.File("a.npy")));
    }

    [Fact]
    public async Task A_sparse_array_of_more_than_2_to_the_31_bytes_of_Numpy_is_read()
    {
        using TemporaryFolder folder = new();
        const long Length = (1L << 31) + 1000;
        _ = await RunAsync(
            """
            import sys, numpy
            a = numpy.lib.format.open_memmap(sys.argv[1], mode='w+', dtype=numpy.uint8, shape=(int(sys.argv[2]),))
            a[5] = 7; a[-1] = 42; a.flush()
            """,
            folder.File(),
            $"{Length}");
        using NpyFile<byte> file = NpyFile<byte>.OpenRead(folder.File());
        using ReadOnlyBorrow<byte> elements = file.BorrowReadOnly();
        Assert.Equal((Length, 7, 42, 0), (elements.Length, (int)elements[5], (int)elements[^1], (int)elements[Length - 2]));
        ReadOnlyTensorSpan<byte> tensor = elements.AsTensorSpan();
        Assert.Equal((Length, 42), ((long)tensor.FlattenedLength, (int)tensor[checked((nint)(elements.Length - 1))]));
        Assert.Equal(42, elements.AsTensorSpan(checked((nint)(elements.Length / 8)), 8)[checked((nint)(elements.Length / 8)) - 1, 7]);
    }

    [Fact]
    public async Task Numpy_reads_a_sparse_array_of_more_than_2_to_the_31_elements_of_the_sample()
    {
        using TemporaryFolder folder = new();
        const long Length = (1L << 31) + 1000;
        using (NpyFile<short> file = NpyFile<short>.Create(folder.File(), Length))
        {
            using Borrow<short> elements = file.Borrow();
            elements[Length - 1] = -42;
        }

        Assert.Equal(
            $"({Length},) -42",
            await RunAsync("import sys, numpy; a = numpy.load(sys.argv[1], mmap_mode='r'); print(a.shape, a[-1])", folder.File()));
    }

    [Fact]
    public async Task Tensors_of_a_model_are_read_by_name()
    {
        using TemporaryFolder folder = new();

        // The format needs no more of Python than its own library. The second tensor begins at an offset of its own.
        _ = await RunAsync(
            """
            import sys, json, struct, numpy
            a = numpy.arange(6, dtype=numpy.float32); b = numpy.array([[1, 2], [3, -4]], dtype=numpy.int64)
            far = int(sys.argv[2])
            header = json.dumps({'__metadata__': {'format': 'pt'},
              'a': {'dtype': 'F32', 'shape': [2, 3], 'data_offsets': [0, 24]},
              'zeros': {'dtype': 'U8', 'shape': [far - 24], 'data_offsets': [24, far]},
              'b': {'dtype': 'I64', 'shape': [2, 2], 'data_offsets': [far, far + 32]}}).encode()
            header += b' ' * (-len(header) % 8)
            with open(sys.argv[1], 'wb') as file:
              file.write(struct.pack('<Q', len(header)) + header + a.tobytes())
              file.seek(8 + len(header) + far)
              file.write(b.tobytes())
            """,
            folder.File(),
            $"{1L << 32}");
        using SafeTensors model = SafeTensors.OpenRead(folder.File());
        Assert.Equal(["a", "b", "zeros"], model.Names.Order());
        Assert.Equal([2, 2], model.ShapeOf("b"));
        using ReadOnlyBorrow<byte> all = model.Borrow();
        using ReadOnlyBorrow<float> a = model.Tensor<float>(all, "a");
        using ReadOnlyBorrow<long> b = model.Tensor<long>(all, "b");
        Assert.True(a.Span.SequenceEqual([0, 1, 2, 3, 4, 5]));
        Assert.Equal(-4, b[3]);
        Assert.Throws<InvalidDataException>(() => TensorOf(model));

        static void TensorOf(SafeTensors model)
        {
            using ReadOnlyBorrow<byte> all = model.Borrow();
            using ReadOnlyBorrow<double> other = model.Tensor<double>(all, "a");
        }
    }

    [Theory]
    [InlineData("not numpy")]
    [InlineData("\x93NUMPY\x01\0\xFF\xFF{")]
    [InlineData("\x93NUMPY\x01\0\x03\0{}\n")]
    public void A_file_that_is_none_is_refused(string content)
    {
        using TemporaryFolder folder = new();
        string path = folder.FileOf(System.Text.Encoding.Latin1.GetBytes(content));
        Exception? thrown = Record.Exception(() => NpyFile<byte>.OpenRead(path).Dispose());
        Assert.True(thrown is InvalidDataException or EndOfStreamException, $"{thrown}");
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Python), "Python is not on this machine: install Debian's package python3-numpy.");
        (int exitCode, string output, string errors) = await ChildProcess.RunAsync(Python, ["-c", program, .. arguments]);
        Assert.SkipWhen(errors.Contains("No module named 'numpy'", StringComparison.Ordinal), "NumPy is missing: install Debian's package python3-numpy.");
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        return output.Trim();
    }
}
