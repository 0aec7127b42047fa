using System.Reflection;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Instrumented.PlugIns;

/// <summary>Says of each way whether the plug-in that went it can be unloaded.</summary>
internal static class Unloading
{
    private const int Collections = 50;

    public static void Run(string[] arguments)
    {
        _ = arguments;
        foreach (string way in PlugInWays.All.Keys)
        {
            WeakReference context = Use(way);
            for (int i = 0; i < Collections && context.IsAlive; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Console.WriteLine($"{way}: {(context.IsAlive ? "still loaded" : "unloaded")}");
            AppDomain.CurrentDomain.SetData(PlugInWays.Held, null);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Use(string way)
    {
        var context = new PlugInContext();
        MethodInfo go =
            context.LoadFromAssemblyPath(typeof(Unloading).Assembly.Location).GetType(typeof(PlugInWays).FullName!)!.GetMethod(nameof(PlugInWays.Go))!;
        var thread = new Thread(() => go.Invoke(null, [way]));
        thread.Start();
        thread.Join();
        context.Unload();
        return new WeakReference(context);
    }
}
