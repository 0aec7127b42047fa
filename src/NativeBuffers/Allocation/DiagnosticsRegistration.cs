namespace NativeBuffers.Allocation;

/// <summary>Entry points of the diagnostics, for rooms that may not name them.</summary>
/// <remarks>
/// The module initializer of <c>Diagnostics/Startup</c> sets them once. This class has no static constructor: the module initializer writes
/// here before any other type of the library is initialized. They are function pointers, and not delegates, because these need no types of
/// their own at the start of each process. The calls are not inlined: the JIT of .NET 10 ends the process when it prints such a call.
/// </remarks>
internal static class DiagnosticsRegistration
{
    private static unsafe delegate*<AllocatorHooks> s_makeProcessHooks;
    private static unsafe delegate*<void> s_startMetrics;

    /// <summary>Sets the entry points.</summary>
    /// <param name="makeProcessHooks">Makes the hooks of a process that was started with guards or tracking.</param>
    /// <param name="startMetrics">Starts the meter and the event source, in the background; nothing if they are started. Throws nothing.</param>
    /// <safety>Both are managed functions of the library.</safety>
    public static unsafe void Set(delegate*<AllocatorHooks> makeProcessHooks, delegate*<void> startMetrics)
    {
        s_makeProcessHooks = makeProcessHooks;
        s_startMetrics = startMetrics;
    }

    /// <summary>Makes the hooks of a process that was started with guards or tracking. Called at most once.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static AllocatorHooks MakeProcessHooks()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the pointer to a managed function, before any code of the library ran.
            return s_makeProcessHooks();
        }
    }

    /// <summary>Starts the meter and the event source, in the background; nothing if they are started. Throws nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StartMetrics()
    {
        unsafe
        {
            // SAFETY: the module initializer has set the pointer to a managed function, before any code of the library ran.
            s_startMetrics();
        }
    }
}
