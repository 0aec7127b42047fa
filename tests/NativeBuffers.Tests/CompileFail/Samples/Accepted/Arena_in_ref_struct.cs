static class Sample
{
    ref struct Parser
    {
        private readonly NativeArena _arena = NativeArena.Create();

        public Parser()
        {
        }

        [UnscopedRef]
        public ReadOnlySpan<char> Keep(string line) => _arena.CopyFrom<char>(line);

        public void Dispose() => _arena.Dispose();
    }

    ref struct Window
    {
        private readonly Span<int> _numbers;

        public Window(Span<int> numbers) => _numbers = numbers;

        public int First => _numbers[0];
    }

    static int Run()
    {
        using var parser = new Parser();
        using var arena = NativeArena.Create();
        var window = new Window(arena.Allocate<int>(3));
        return parser.Keep("a").Length + window.First;
    }
}
