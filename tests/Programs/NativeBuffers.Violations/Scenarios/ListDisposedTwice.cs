using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Violations;

/// <summary>Disposes a list that has left the stack, and then a copy of it, a hundred times at the same lines.</summary>
public sealed class ListDisposedTwice : Scenario
{
    [SuppressMessage("Ownership", "NB0003", Justification = "The program shows what guards and tracking report.")]
    [SuppressMessage("Ownership", "NB0005", Justification = "The program shows what guards and tracking report.")]
    public override void Run(NativeAllocator allocator)
    {
        for (int i = 0; i < 100; i++)
        {
            var list = new ScratchList<long>([]); Say(i, "allocated at ListDisposedTwice.cs:14");
            list.Add(1);
            ScratchList<long> copy = list;
            list.Dispose(); Say(i, "freed at ListDisposedTwice.cs:17");
            copy.Dispose(); Say(i, "again at ListDisposedTwice.cs:18");
        }
    }

    private static void Say(int i, string what)
    {
        if (i == 0)
        {
            Console.WriteLine(what);
        }
    }
}
