using NativeBuffers.Violations;

namespace NativeBuffers.Aot;

/// <summary>Plays a scenario: the first argument names it.</summary>
/// <remarks>Named one by one, and not found by reflection: so the methods are as unknown to that as a user's own are.</remarks>
public static class Program
{
    public static void Main(string[] arguments)
    {
        switch (arguments[0])
        {
            case "ways":
                SameOffsets.Run();
                break;
            case "cut":
                CutFile.Run();
                break;
            default:
                Named(arguments[0]).Run(NativeAllocator.Default);
                Console.WriteLine("went on to the end");
                break;
        }
    }

    private static Scenario Named(string name) => name switch
    {
        nameof(NullReferences) => new NullReferences(),
        nameof(OverflowRead) => new OverflowRead(),
        nameof(OverflowWrite) => new OverflowWrite(),
        nameof(ReadAfterFree) => new ReadAfterFree(),
        nameof(WriteAfterFree) => new WriteAfterFree(),
        _ => throw new ArgumentException($"There is no scenario {name}.", nameof(name)),
    };
}
