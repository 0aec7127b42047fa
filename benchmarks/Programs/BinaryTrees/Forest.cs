using System.Globalization;
using System.Text;

namespace Programs.BinaryTrees;

/// <summary>The program: one large tree, one tree that lives until the end, and many small ones (after the Computer Language Benchmarks Game).</summary>
internal static class Forest
{
    private const int Shallowest = 4;

    /// <summary>Runs the program with one kind of trees.</summary>
    public static string Grow<T>(int depth)
        where T : ITrees
    {
        int deepest = int.Max(Shallowest + 2, depth);
        var answer = new StringBuilder();
        using ITrees trees = T.Create();
        Say(answer, $"stretch tree of depth {deepest + 1}: {trees.CountOnce(deepest + 1)}");
        trees.Keep(deepest);
        for (int each = Shallowest; each <= deepest; each += 4)
        {
            int count = 1 << (deepest - each + Shallowest);
            long nodes = 0;
            for (int i = 0; i < count; i++)
            {
                nodes += trees.CountOnce(each);
            }

            Say(answer, $"{count} trees of depth {each}: {nodes}");
        }

        Say(answer, $"long lived tree of depth {deepest}: {trees.CountKept()}");
        return answer.ToString();
    }

    private static void Say(StringBuilder answer, FormattableString line) =>
        answer.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
