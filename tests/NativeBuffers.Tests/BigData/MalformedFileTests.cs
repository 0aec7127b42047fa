using System.Text;
using NativeBuffers.Samples;

namespace NativeBuffers.Tests.BigData;

/// <summary>Files of NumPy and of tensors that are cut, or whose headers lie.</summary>
public sealed class MalformedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> WrongDictionaries =>
    [
        "", "{}", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (\u0663,), }", "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    ];

    public static TheoryData<string> WrongTensors =>
    [
        "", "[]", "{", "3", "{\"a\":3}", "{\"a\":{}}", Entry("[0,4]", "[1]", "F32") + "x", Entry("[0,400]", "[100]"),
        Entry("[4,0]", "[1]"), Entry("[-4,0]", "[1]"), Entry("[0]", "[1]"),
        Entry("[0,4]", "[-1]"), Entry("[0,4]", "[9223372036854775807,3]"), Entry("[0,4]", "3"), Entry("{}", "[1]"),
        Entry("[0,4]", "[1]", "3"), Entry("[0,1e40]", "[1]"), Entry("[0,8,0]", "[2]"), Entry("[0,4]", "[1]"), Entry("[4,8]", "[1]"),
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    ];

    [Theory]
    [MemberData(nameof(WrongDictionaries))]
    public void A_header_of_Numpy_that_lies_is_refused(string dictionary) =>
        Assert.Throws<InvalidDataException>(() => NpyFile<float>.OpenRead(Npy(dictionary, 8)).Dispose());

    [Fact]
    public void A_file_of_Numpy_that_is_cut_is_refused()
    {
        string path = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8);
        using (NpyFile<float> whole = NpyFile<float>.OpenRead(path))
        {
            Assert.Equal(2, whole.Header.Length);
        }

        byte[] bytes = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 5, 9, 11, 40, bytes.Length - 9, bytes.Length - 1 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<EndOfStreamException>(() => NpyFile<float>.OpenRead(path).Dispose());
        }

        path = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", 8);
        Assert.Throws<EndOfStreamException>(() => NpyFile<float>.OpenRead(path).Dispose());
    }

    [Theory]
    [MemberData(nameof(WrongTensors))]
    public void A_header_of_tensors_that_lies_is_refused(string header) =>
        Assert.Throws<InvalidDataException>(() => SafeTensors.OpenRead(Tensors(header, 8)).Dispose());

    [Fact]
    public void Elements_of_Numpy_that_are_not_aligned_are_refused()
    {
        string path = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".PadRight(118), 4);
        Assert.Throws<InvalidDataException>(() => NpyFile<float>.OpenRead(path).Dispose());
    }

    [Fact]
    public void A_shape_that_cannot_be_written_leaves_the_old_file()
    {
        string path = _folder.FileOf([1, 2, 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => NpyFile<float>.Create(path, -2, -3).Dispose());
        Assert.Throws<OverflowException>(() => NpyFile<float>.Create(path, 1L << 32, 1L << 32).Dispose());
        Assert.Throws<OverflowException>(() => NpyFile<float>.Create(path, 1L << 62).Dispose());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("[0,8]", "[3]", "\"F32\"", 8)]
    [InlineData("[0,7]", "[1]", "\"F32\"", 7)]
    [InlineData("[0,8]", "[2]", "\"F32\"", 8, 1)]
    public void A_tensor_that_does_not_fill_its_shape_or_is_not_aligned_is_refused(string offsets, string shape, string type, int byteCount, int padding = 0)
    {
        using SafeTensors file = SafeTensors.OpenRead(Tensors(Entry(offsets, shape, type), byteCount, padding));
        Assert.Throws<InvalidDataException>(
            () =>
            {
                using ReadOnlyBorrow<byte> borrow = file.Borrow();
                using ReadOnlyBorrow<float> elements = file.Tensor<float>(in borrow, "a");
            });
    }

    [Fact]
    public void A_file_of_tensors_that_is_cut_is_refused()
    {
        string path = Tensors(Entry("[0,8]", "[2]"), 8);
        byte[] bytes = File.ReadAllBytes(path);
        foreach (int length in new[] { 8, 20, bytes.Length - 1 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Throws<InvalidDataException>(() => SafeTensors.OpenRead(path).Dispose());
        }

        File.WriteAllBytes(path, bytes[..7]);
        Assert.Throws<EndOfStreamException>(() => SafeTensors.OpenRead(path).Dispose());
    }

    [Fact]
    public void Files_without_elements_are_read()
    {
        using NpyFile<float> none = NpyFile<float>.OpenRead(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (0, 3), }", 0));
        Assert.Equal((0, true), (none.Header.Length, none.Header.IsFortran));
        using SafeTensors empty = SafeTensors.OpenRead(Tensors(Entry("[0,0]", "[0]"), 0));
        using ReadOnlyBorrow<byte> borrow = empty.Borrow();
        using ReadOnlyBorrow<float> elements = empty.Tensor<float>(in borrow, "a");
        Assert.Equal(0, elements.Length);
    }

    public void Dispose() => _folder.Dispose();

    private static string Entry(string offsets, string shape, string type = "\"F32\"") =>
        $"{{\"a\":{{\"dtype\":{type},\"shape\":{shape},\"data_offsets\":{offsets}}}}}";

    private string Npy(string dictionary, int elementBytes)
    {
        byte[] text = Encoding.UTF8.GetBytes(dictionary.PadRight(128 - 11) + "\n");
        string path = _folder.File("a.npy");
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. text, .. new byte[elementBytes]]);
        return path;
    }

    private string Tensors(string header, int elementBytes, int padding = 0)
    {
        string padded = header.PadRight(((header.Length + 7) / 8 * 8) + padding);
        string path = _folder.File("a.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)padded.Length), .. Encoding.UTF8.GetBytes(padded), .. new byte[elementBytes]]);
        return path;
    }
}
