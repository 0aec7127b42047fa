using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>The first buffer of a process: created, written and disposed, with all that the process must load and compile for it.</summary>
internal static class FirstBuffer
{
    /// <summary>The verb by which the process is started that measures, and then prints milliseconds.</summary>
    public const string Verb = "first-buffer";

    private const string Pooled = "pooled";

    /// <summary>The work of the started process.</summary>
    public static void RunChild(string kind)
    {
        long start = Stopwatch.GetTimestamp();
        if (kind == Pooled)
        {
            RentArray();
        }
        else
        {
            CreateBuffer();
        }

        Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Makes a folder with this program and the precompiled image of the library; null if the library was not packed here.</summary>
    public static string? TryMakeProgram()
    {
        string image = Path.Combine(
            AppContext.BaseDirectory, "../../../../../src/NativeBuffers/obj/Release/net10.0/precompiled", RuntimeInformation.RuntimeIdentifier, "NativeBuffers.dll");
        if (!File.Exists(image))
        {
            return null;
        }

        string folder = Directory.CreateTempSubdirectory("first-buffer-").FullName;
        string name = typeof(FirstBuffer).Assembly.GetName().Name!;
        foreach (string file in (string[])[$"{name}.dll", $"{name}.runtimeconfig.json", Path.GetFileName(Environment.ProcessPath!)])
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, file), Path.Combine(folder, file));
        }

        File.Copy(image, Path.Combine(folder, "NativeBuffers.dll"));
        return folder;
    }

    /// <summary>Starts such a process, and reads its output: milliseconds.</summary>
    public static double Measure(string folder, bool isPooled)
    {
        string program = Path.Combine(folder, Path.GetFileName(Environment.ProcessPath!));
        return MeasuringProcess.Run(1, [Verb, isPooled ? Pooled : "ours"], program: program)[0];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CreateBuffer()
    {
        using var buffer = NativeBuffer.Create<byte>(64);
        buffer[0] = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    private static void RentArray()
    {
        byte[] array = ArrayPool<byte>.Shared.Rent(64);
        array[0] = 1;
        ArrayPool<byte>.Shared.Return(array);
    }
}
