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
        Entry("[0,4]", "[1]", "3"), Entry("[0,1e40]", "[1]"),
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
    public void A_tensor_that_does_not_fill_its_shape_is_refused()
    {
        using SafeTensors file = SafeTensors.OpenRead(Tensors(Entry("[0,8]", "[3]"), 8));
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

    private string Tensors(string header, int elementBytes)
    {
        string padded = header.PadRight((header.Length + 7) / 8 * 8);
        string path = _folder.File("a.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)padded.Length), .. Encoding.UTF8.GetBytes(padded), .. new byte[elementBytes]]);
        return path;
    }
}
