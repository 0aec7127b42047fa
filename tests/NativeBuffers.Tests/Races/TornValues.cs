using System.Reflection;

namespace NativeBuffers.Tests.Races;

/// <summary>The values that a thread may read from a field while other threads store there: each word comes from any of them.</summary>
internal static class TornValues
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>All ways to put a value together from the words of these values, and of <c>default</c>.</summary>
    public static IEnumerable<T> Of<T>(params T[] values)
        where T : struct
    {
        FieldInfo[][] words = [.. WordsOf(typeof(T))];
        object[] sources = [default(T), .. values];
        object?[][] choices = [.. words.Select(word => sources.Select(source => Get(source, word)).Distinct().ToArray())];
        object value = default(T);
        int[] chosen = new int[words.Length];
        do
        {
            for (int i = 0; i < words.Length; i++)
            {
                Set(value, words[i], choices[i][chosen[i]]);
            }

            yield return (T)value;
        }
        while (TryChooseNext(chosen, choices));
    }

    /// <summary>The fields that lead to each word: of the value, of the struct in that field, and so on.</summary>
    private static IEnumerable<FieldInfo[]> WordsOf(Type type)
    {
        foreach (FieldInfo field in type.GetFields(Fields))
        {
            if (field.FieldType is { IsValueType: true, IsPrimitive: false, IsEnum: false, IsPointer: false })
            {
                foreach (FieldInfo[] rest in WordsOf(field.FieldType))
                {
                    yield return [field, .. rest];
                }
            }
            else
            {
                yield return [field];
            }
        }
    }

    private static object? Get(object value, FieldInfo[] word) =>
        word.Aggregate((object?)value, static (inner, field) => field.GetValue(inner));

    private static void Set(object value, ReadOnlySpan<FieldInfo> word, object? content)
    {
        if (word.Length > 1)
        {
            object inner = word[0].GetValue(value)!;
            Set(inner, word[1..], content);
            content = inner;
        }

        word[0].SetValue(value, content);
    }

    private static bool TryChooseNext(int[] chosen, object?[][] choices)
    {
        for (int i = 0; i < chosen.Length; i++)
        {
            chosen[i]++;
            if (chosen[i] < choices[i].Length)
            {
                return true;
            }

            chosen[i] = 0;
        }

        return false;
    }
}
