using System.Reflection;

namespace NativeBuffers.Violations;

/// <summary>A correct program that cannot open another file when it needs its first block.</summary>
public class FilesUsedUp : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        // The framework's own libraries are files, too: those that a correct program needs are loaded before. Metrics are not needed.
        foreach (AssemblyName needed in typeof(NativeAllocator).Assembly.GetReferencedAssemblies().Concat(typeof(Correct).Assembly.GetReferencedAssemblies()))
        {
            if (!needed.Name!.StartsWith("System.Diagnostics.", StringComparison.Ordinal))
            {
                _ = Assembly.Load(needed);
            }
        }

        UseUp(() => Use(allocator));
    }

    /// <summary>Uses blocks of some sizes on this thread, because a new thread would need files.</summary>
    protected static void Use(NativeAllocator allocator)
    {
        for (int i = 0; i < 100; i++)
        {
            using var buffer = NativeBuffer.Create<long>(i % 700, allocator);
            buffer.Fill(i);
            buffer.Resize((i % 30) + 1);
            using var owner = NativeMemoryOwner<byte>.Create(i, allocator);
        }
    }

    /// <summary>Runs an action while no file can be opened.</summary>
    protected static void UseUp(Action action)
    {
        var files = new List<FileStream>();
        try
        {
            while (true)
            {
                files.Add(File.OpenRead(Environment.ProcessPath!));
            }
        }
        catch (IOException)
        {
            action();
        }

        files.ForEach(static file => file.Dispose());
    }
}
