using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Forgets an owner, and waits until that was found. With the argument <c>listens</c>, it listens.</summary>
internal static class Abandonment
{
    public static void Run(string[] arguments)
    {
        if (arguments is ["listens"])
        {
            NativeMemoryTracker.LeakFound += static leak => Console.WriteLine($"{leak.Site} {leak.TypeName} {leak.ByteCount} {leak.IsAbandoned}");
        }

        Forget();
        for (int i = 0; i < 20 && NativeMemoryTracker.LiveBlocks != 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Console.WriteLine(NativeMemoryTracker.LiveBlocks);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0001", Justification = "The program forgets an owner: tracking must report it.")]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    private static void Forget() => NativeMemoryOwner<double>.Create(10).GetSpan().Fill(1);
}
