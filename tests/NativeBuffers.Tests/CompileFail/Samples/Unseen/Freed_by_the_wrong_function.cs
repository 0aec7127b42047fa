static class Sample
{
    // The end of the process, at once or later.
    static void Run()
    {
        IntPtr block = Marshal.AllocHGlobal(16);
        Marshal.FreeCoTaskMem(block); // NB0007
    }
}
