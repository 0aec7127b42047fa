using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Mapping;

/// <summary>Does what each line of its input says, and answers with one line.</summary>
public static class Program
{
    private static SharedMemory<long>? s_shared;
    private static MappedFile<long>? s_file;

    public static void Main()
    {
        while (Console.ReadLine() is { } line)
        {
            try
            {
                Console.WriteLine(Do(line.Split(' ', 2), line.Split(' ')));
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
            {
                Console.WriteLine(exception.GetType().Name);
                Console.Error.WriteLine(exception);
            }
        }
    }

    private static string Do(string[] command, string[] words)
    {
        switch (words[0])
        {
            case "create":
                s_shared = SharedMemory<long>.Create(words[1], Number(words[2]));
                return "created";
            case "open":
                s_shared = SharedMemory<long>.Open(words[1]);
                return string.Create(CultureInfo.InvariantCulture, $"opened {s_shared.Length}");
            case "leave":
                s_shared!.Dispose();
                return "left";
            case "map":
                s_file = MappedFile<long>.Open(command[1]);
                return string.Create(CultureInfo.InvariantCulture, $"mapped {s_file.Length}");
            case "make":
                s_file = MappedFile<long>.Create(words[1], Number(words[2]));
                return "made";
            case "resize":
                s_file!.Resize(Number(words[1]));
                return "resized";
            case "write":
                Write(words[1], Number(words[2]));
                return "written";
            case "get":
                using (Borrow<long> borrow = Borrow())
                {
                    return borrow[Number(words[1])].ToString(CultureInfo.InvariantCulture);
                }

            case "set":
                using (Borrow<long> borrow = Borrow())
                {
                    borrow[Number(words[1])] = Number(words[2]);
                    return "set";
                }

            case "count":
                using (Borrow<long> borrow = Borrow())
                {
                    for (long i = Number(words[1]); i > 0; i--)
                    {
                        Interlocked.Increment(ref borrow[0]);
                    }

                    return "counted";
                }

            case "cut":
                return Cut(Number(words[1]));
            default:
                return "what?";
        }
    }

    /// <summary>Cuts the file while it is borrowed, and goes on to use the memory.</summary>
    private static string Cut(long byteCount)
    {
        using Borrow<long> borrow = s_file!.Borrow();
        using (FileStream other = new(s_file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.SetLength(byteCount);
        }

        Console.WriteLine($"the first is there: {borrow[0]}");
        try
        {
            s_file.Borrow().Dispose();
        }
        catch (EndOfStreamException)
        {
            Console.WriteLine("a new borrow is refused");
        }

        return $"the last is there: {borrow[^1]}";
    }

    /// <summary>Writes an owner to a file, at a place.</summary>
    private static void Write(string path, long fileOffset)
    {
        using var owner = NativeMemoryOwner<long>.Create(10);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        NativeRandomAccess.Write(file, owner, fileOffset);
        NativeRandomAccess.WriteAsync(file, owner, fileOffset).AsTask().GetAwaiter().GetResult();
    }

    private static Borrow<long> Borrow() => s_file is not null ? s_file.Borrow() : s_shared!.Borrow();

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}
