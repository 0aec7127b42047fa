using System.Runtime.Loader;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics;

/// <summary>The last actions of a process that ends in order. They run after the program's own handlers, which may still dispose owners.</summary>
/// <remarks>
/// The platform calls the handlers of <see cref="AppDomain.ProcessExit"/> in the order in which they were added. Before that, it
/// raises <see cref="AssemblyLoadContext.Unloading"/>. So this class adds a handler in that event, after all handlers of the program. On
/// a platform that does not raise the event, a handler that was added at the start does the work.
/// </remarks>
internal static class ProcessEnd
{
    private static readonly UninterruptedLock s_lock = new();
    private static Action? s_actions;
    private static Action? s_last;
    private static bool s_isStarted;
    private static bool s_isUnloading;

    /// <summary>Adds an action.</summary>
    public static void Do(Action action)
    {
        using (s_lock.Enter())
        {
            s_actions += action;
            Start();
        }
    }

    /// <summary>Adds an action that runs after those of <see cref="Do"/>.</summary>
    public static void DoLast(Action action)
    {
        using (s_lock.Enter())
        {
            s_last += action;
            Start();
        }
    }

    private static void Start()
    {
        if (!s_isStarted)
        {
            s_isStarted = true;
            AppDomain.CurrentDomain.ProcessExit += static (_, _) => Run(isUnloading: false);
            AssemblyLoadContext.Default.Unloading += static _ =>
            {
                s_isUnloading = true;
                AppDomain.CurrentDomain.ProcessExit += static (_, _) => Run(isUnloading: true);
            };
        }
    }

    private static void Run(bool isUnloading)
    {
        if (isUnloading == s_isUnloading)
        {
            s_actions?.Invoke();
            s_last?.Invoke();
        }
    }
}
